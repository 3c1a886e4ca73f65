"""The process studio: drafts of models, forms of steps that administrators draw, their time limits, open steps by version."""
from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
OPEN = sa.text("state IN ('waiting', 'frozen')")


def upgrade() -> None:
    op.create_table('step_record',
    sa.Column('id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('assignment_id', BIG, nullable=True),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('label_vi', sa.String(length=200), nullable=False),
    sa.Column('label_en', sa.String(length=200), nullable=False),
    sa.Column('outcome', sa.String(length=40), nullable=True, comment='the button pressed; empty where a step has one way to go'),
    sa.Column('outcome_vi', sa.String(length=200), nullable=True),
    sa.Column('outcome_en', sa.String(length=200), nullable=True),
    sa.Column('done_by_id', BIG, nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_step_record_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_step_record_case_id_case')),
    sa.ForeignKeyConstraint(['done_by_id'], ['account.id'], name=op.f('fk_step_record_done_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_record')),
    sa.UniqueConstraint('ref', name=op.f('uq_step_record_ref'))
    )
    op.create_index(op.f('ix_step_record_assignment_id'), 'step_record', ['assignment_id'])
    op.create_index('ix_step_record_case', 'step_record', ['case_id', 'id'])
    op.create_table('step_value',
    sa.Column('id', BIG, nullable=False),
    sa.Column('record_id', BIG, nullable=False),
    sa.Column('field', sa.String(length=80), nullable=False, comment='id of the field in the model'),
    sa.Column('type', sa.String(length=9), nullable=False, comment='workflows.definitions.step_forms.FieldType'),
    sa.Column('label_vi', sa.String(length=200), nullable=False),
    sa.Column('label_en', sa.String(length=200), nullable=False),
    sa.Column('value', sa.Text(), nullable=True, comment='as text: a day as 2026-03-02, yes or no as true or false, a choice as its id'),
    sa.Column('shown_vi', sa.Text(), nullable=True, comment='of a choice: what was read for it'),
    sa.Column('shown_en', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['step_record.id'], name=op.f('fk_step_value_record_id_step_record')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_value'))
    )
    op.create_index(op.f('ix_step_value_record_id'), 'step_value', ['record_id'])
    op.add_column('clock', sa.Column('element', sa.String(length=80), nullable=True, comment='the step of a process it times; of kind step only'))
    op.add_column('incident', sa.Column('history', JSON, server_default='[]', nullable=False, comment='the newest attempts: instant, class, place, account id'))
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.add_column(sa.Column('step_value_id', BIG, nullable=True))
        batch_op.create_index('ix_photo_step_value', ['step_value_id', 'position'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_photo_step_value_id_step_value'), 'step_value', ['step_value_id'], ['id'])
    with op.batch_alter_table('process_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('base_id', BIG, nullable=True, comment='the version it was drawn from'))
        batch_op.add_column(sa.Column('revision', BIG, server_default='1', nullable=False, comment='counts the saves of a draft: who saves names the one they read'))
        batch_op.add_column(sa.Column('saved_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True, comment='when it was found clean and handed in to be approved'))
        batch_op.add_column(sa.Column('saved_by_id', BIG, nullable=True, comment='who saved the present text'))
        batch_op.add_column(sa.Column('saved_page', sa.String(length=32), nullable=True, comment='the open editor that saved it, by a random name'))
        batch_op.add_column(sa.Column('ref', sa.String(length=16), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_process_version_base_id_process_version'), 'process_version', ['base_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_process_version_saved_by_id_account'), 'account', ['saved_by_id'], ['id'])
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version_id', BIG, nullable=True, comment="copy of the instance's, to count open steps by"))
    _fill()
    with op.batch_alter_table('process_version', schema=None) as batch_op:
        batch_op.alter_column('ref', existing_type=sa.String(length=16), nullable=False)
        batch_op.create_unique_constraint(batch_op.f('uq_process_version_ref'), ['ref'])
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.alter_column('version_id', existing_type=BIG, existing_comment="copy of the instance's, to count open steps by", nullable=False)
        batch_op.create_index('ix_waiting_task_version', ['version_id', 'element'], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_foreign_key(batch_op.f('fk_waiting_task_version_id_process_version'), 'process_version', ['version_id'], ['id'])


def _fill() -> None:
    """What the rows of before need: an address for each version, the version of each step."""
    connection = op.get_bind()
    for (version_id,) in connection.execute(sa.text("SELECT id FROM process_version")).all():
        connection.execute(sa.text("UPDATE process_version SET ref = :ref WHERE id = :id"), {"ref": secrets.token_urlsafe(12), "id": version_id})
    connection.execute(sa.text(
        "UPDATE waiting_task SET version_id = (SELECT i.version_id FROM process_instance i WHERE i.id = waiting_task.instance_id)"
    ))


def downgrade() -> None:
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_waiting_task_version_id_process_version'), type_='foreignkey')
        batch_op.drop_index('ix_waiting_task_version')
        batch_op.drop_column('version_id')
    with op.batch_alter_table('process_version', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_process_version_base_id_process_version'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_process_version_saved_by_id_account'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_process_version_ref'), type_='unique')
        for name in ('ref', 'saved_page', 'saved_by_id', 'checked_at', 'saved_at', 'revision', 'base_id'):
            batch_op.drop_column(name)
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_photo_step_value_id_step_value'), type_='foreignkey')
        batch_op.drop_index('ix_photo_step_value')
        batch_op.drop_column('step_value_id')
    op.drop_column('incident', 'history')
    op.drop_column('clock', 'element')
    op.drop_table('step_value')
    op.drop_table('step_record')
