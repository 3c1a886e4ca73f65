"""Open cases moved to another version, rehearsals and scenarios, how long steps took by month, settings of elements day by day."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
MOVES_AT_WORK = sa.text("state IN ('previewing', 'moving', 'undoing')")
ENDED = sa.text("assignment_id IS NULL AND ended_at IS NOT NULL")
HAS_BEFORE = sa.text("before IS NOT NULL")
REHEARSALS_AT_WORK = sa.text("state IN ('waiting', 'running')")
TABLES = ('step_times', 'process_move_case', 'process_rehearsal', 'process_scenario', 'process_move', 'element_setting')


def upgrade() -> None:
    op.create_table('element_setting',
    sa.Column('id', BIG, nullable=False),
    sa.Column('element', sa.String(length=80), nullable=False, comment='its id in the diagram'),
    sa.Column('amount', BIG, nullable=True),
    sa.Column('unit', sa.String(length=14), nullable=True),
    sa.Column('role', sa.String(length=20), nullable=True),
    sa.Column('label_vi', sa.String(length=120), nullable=True),
    sa.Column('label_en', sa.String(length=120), nullable=True),
    sa.Column('help_vi', sa.Text(), nullable=True),
    sa.Column('help_en', sa.Text(), nullable=True),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("unit IN ('hours', 'working_hours', 'working_days')", name=op.f('ck_element_setting_unit')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_element_setting_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_element_setting'))
    )
    op.create_index('ix_element_setting_element', 'element_setting', ['element', 'valid_from'])
    op.create_table('process_move',
    sa.Column('id', BIG, nullable=False),
    sa.Column('source_id', BIG, nullable=False),
    sa.Column('target_id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=True, comment='whose cases alone; empty: of every centre'),
    sa.Column('mapping', JSON, nullable=False),
    sa.Column('recomputes_limits', sa.Boolean(), server_default=sa.false(), nullable=False, comment='limits of steps and timers begin anew'),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('revision', BIG, server_default='1', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True, comment='given when it is begun'),
    sa.Column('made_by_id', BIG, nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('begun_by_id', BIG, nullable=True),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by_id', BIG, nullable=True, comment='who had all of it undone'),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True, comment='a worker is at it'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("state IN ('previewing', 'ready', 'moving', 'paused', 'done', 'undoing', 'undone', 'dropped')", name=op.f('ck_process_move_state')),
    sa.ForeignKeyConstraint(['begun_by_id'], ['account.id'], name=op.f('fk_process_move_begun_by_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_process_move_centre_id_centre')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_process_move_made_by_id_account')),
    sa.ForeignKeyConstraint(['source_id'], ['process_version.id'], name=op.f('fk_process_move_source_id_process_version')),
    sa.ForeignKeyConstraint(['target_id'], ['process_version.id'], name=op.f('fk_process_move_target_id_process_version')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['account.id'], name=op.f('fk_process_move_undone_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_move')),
    sa.UniqueConstraint('ref', name=op.f('uq_process_move_ref'))
    )
    op.create_index('ix_process_move_at_work', 'process_move', ['id'], sqlite_where=MOVES_AT_WORK, postgresql_where=MOVES_AT_WORK)
    op.create_index('ix_process_move_source', 'process_move', ['source_id', 'id'])
    op.create_index('ix_process_move_target', 'process_move', ['target_id', 'id'])
    op.create_table('process_rehearsal',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('version_id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=True, comment='of whose cases; empty: of several or all'),
    sa.Column('basis_id', BIG, nullable=True, comment='what it is measured against'),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('wishes', JSON, nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('done', BIG, server_default='0', nullable=False, comment='of `total`, while it runs'),
    sa.Column('total', BIG, nullable=True),
    sa.Column('result', JSON, nullable=True),
    sa.Column('error_vi', sa.Text(), nullable=True),
    sa.Column('error_en', sa.Text(), nullable=True),
    sa.Column('asked_by_id', BIG, nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('scenarios', 'history', 'conformance')", name=op.f('ck_process_rehearsal_kind')),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f('ck_process_rehearsal_state')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_process_rehearsal_asked_by_id_account')),
    sa.ForeignKeyConstraint(['basis_id'], ['process_version.id'], name=op.f('fk_process_rehearsal_basis_id_process_version')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_process_rehearsal_centre_id_centre')),
    sa.ForeignKeyConstraint(['version_id'], ['process_version.id'], name=op.f('fk_process_rehearsal_version_id_process_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_rehearsal')),
    sa.UniqueConstraint('ref', name=op.f('uq_process_rehearsal_ref'))
    )
    op.create_index('ix_process_rehearsal_at_work', 'process_rehearsal', ['id'], sqlite_where=REHEARSALS_AT_WORK, postgresql_where=REHEARSALS_AT_WORK)
    op.create_index('ix_process_rehearsal_centre', 'process_rehearsal', ['kind', 'centre_id', 'id'])
    op.create_index('ix_process_rehearsal_version', 'process_rehearsal', ['version_id', 'kind', 'centre_id', 'id'])
    op.create_table('process_scenario',
    sa.Column('id', BIG, nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('case_id', BIG, nullable=True, comment='the case it was recorded from'),
    sa.Column('acts', JSON, nullable=False),
    sa.Column('made_by_id', BIG, nullable=True, comment='empty: came with the software'),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dropped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_process_scenario_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_process_scenario_centre_id_centre')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_process_scenario_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_scenario')),
    sa.UniqueConstraint('ref', name=op.f('uq_process_scenario_ref'))
    )
    op.create_index(op.f('ix_process_scenario_case_id'), 'process_scenario', ['case_id'])
    op.create_index('ix_process_scenario_scope', 'process_scenario', ['key', 'centre_id', 'id'])
    op.create_table('step_times',
    sa.Column('id', BIG, nullable=False),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first local day of the month'),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('version_id', BIG, nullable=False),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('field_id', BIG, nullable=True),
    sa.Column('agency_id', BIG, nullable=True),
    sa.Column('passages', BIG, nullable=False, comment='done by somebody'),
    sa.Column('late', BIG, nullable=False),
    sa.Column('redone', BIG, nullable=False, comment='of the passages those that were not the first of their process'),
    sa.Column('withdrawn', BIG, nullable=False, comment='left without being done; not among the passages'),
    sa.Column('minutes', sa.LargeBinary(), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_step_times_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_step_times_centre_id_centre')),
    sa.ForeignKeyConstraint(['field_id'], ['field.id'], name=op.f('fk_step_times_field_id_field')),
    sa.ForeignKeyConstraint(['version_id'], ['process_version.id'], name=op.f('fk_step_times_version_id_process_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_times'))
    )
    op.create_index('ix_step_times_month', 'step_times', ['month_on', 'centre_id'])
    op.create_index('ix_step_times_version', 'step_times', ['version_id', 'month_on'])
    op.create_table('process_move_case',
    sa.Column('id', BIG, nullable=False),
    sa.Column('move_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('state', sa.String(length=7), nullable=False),
    sa.Column('places', JSON, server_default='[]', nullable=False),
    sa.Column('why_vi', sa.Text(), nullable=True),
    sa.Column('why_en', sa.Text(), nullable=True),
    sa.Column('before', sa.LargeBinary(), nullable=True, comment='rows before and after, JSON, zstd, states of then; erased by quarantine, when the case ends and after 30 days'),
    sa.Column('previewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'moves', 'choice', 'cannot', 'moved', 'stayed', 'undone', 'gone')", name=op.f('ck_process_move_case_state')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_process_move_case_case_id_case')),
    sa.ForeignKeyConstraint(['move_id'], ['process_move.id'], name=op.f('fk_process_move_case_move_id_process_move')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_move_case')),
    sa.UniqueConstraint('move_id', 'case_id', name=op.f('uq_process_move_case_move_id_case_id'))
    )
    op.create_index('ix_process_move_case_before', 'process_move_case', ['id'], sqlite_where=HAS_BEFORE, postgresql_where=HAS_BEFORE)
    op.create_index('ix_process_move_case_case', 'process_move_case', ['case_id'])
    op.create_index('ix_process_move_case_state', 'process_move_case', ['move_id', 'state', 'id'])
    op.create_index('ix_process_instance_ended', 'process_instance', ['ended_at', 'id'], sqlite_where=ENDED, postgresql_where=ENDED)
    op.drop_index('ix_case_area_newest', table_name='case')
    op.create_index('ix_case_area_newest', 'case', ['area_id', 'opened_at', 'id', 'field_id'])


def downgrade() -> None:
    op.drop_index('ix_case_area_newest', table_name='case')
    op.create_index('ix_case_area_newest', 'case', ['area_id', 'opened_at', 'id'])
    op.drop_index('ix_process_instance_ended', table_name='process_instance')
    for table in TABLES:
        op.drop_table(table)
