"""The result of a load measurement as a table."""

from collections.abc import Iterator

from benchmark.load import Measured, counted


def lines(measured: Measured) -> Iterator[str]:
    """The result as a table: targets first, then server time by route."""
    beside = measured.beside
    yield (
        f"{beside['cases']} cases, {beside['open_steps']} open steps, {beside['people']} people on {beside['database']}, "
        f"{beside['processors']} processors, server processes: {beside['scale']['servers']}, Python {beside['python']}"
    )
    yield f"{'':58}{'measured':>12}{'aim':>10}   {'':8}{'of':>7}"
    for each in measured.figures:
        shown = "–" if each.value is None else f"{each.value:.10g}"
        yield f"{each.name:58}{shown:>12}{f'{each.aim:g}':>10} {each.unit:6}{'met' if each.is_met else 'MISSED':>8}{each.asked:>7}"
    yield f"{'in the server':40}{'requests':>10}{'p50 ms':>9}{'p95 ms':>9}{'SQL p50':>9}{'SQL max':>9}"
    for route, took in sorted(measured.routes.items(), key=lambda each: -each[1]["requests"]):
        yield (
            f"{route:40}{took['requests']:>10.0f}{took['p50_ms']:>9.1f}{took['p95_ms']:>9.1f}"
            f"{took['statements_p50']:>9.0f}{took['statements_max']:>9.0f}"
        )
    yield f"{'alone, in this process':40}{'requests':>10}{'CPU p50':>9}{'CPU p95':>9}{'p50 ms':>9}{'p95 ms':>9}"
    for kind, took in beside["alone"].items():
        yield (
            f"{'public ' + kind:40}{took['requests']:>10.0f}{took['processor_p50_ms']:>9.1f}{took['processor_p95_ms']:>9.1f}"
            f"{took['passed_p50_ms']:>9.1f}{took['passed_p95_ms']:>9.1f}"
        )
    photos = beside["photos"]
    yield (
        f"a photo of 12 megapixels: {photos['photo_least_s']} to {photos['photo_most_s']} s (aim: 1.5; of the processor "
        f"{photos['photo_processor_s']} s); the list beside it p95 {photos['list_beside_p95_ms']} ms, at most "
        f"{photos['list_beside_most_ms']} ms, alone {photos['list_alone_p95_ms']} ms"
    )
    yield (
        f"steps each second, all the while: {beside['steps_per_second']} (wanted: {beside['scale']['steps_per_second']:g}); "
        f"{beside['clients']} clients without a pause: {beside['flat_out_steps_per_second']} a second, "
        f"p50 {beside['flat_out_p50_ms']} ms; incidents: {beside['incidents']}; slow queries: {beside['slow_queries']}"
    )
    for fault, times in sorted(counted(measured.faults).items(), key=lambda each: -each[1])[:10]:
        yield f"fault, {times} times: {fault}"
