"""How search strategies compare when they are replayed on tables of measured groupings, and on simulated ones.

`python -m benchmarks.strategies` replays `active`, `hoa`, `pairs` and `random` on the tables of `reports/tables`, on
published tables where `--tables` names their folder, and on simulators with known structure. One line a replay is
appended to `results.csv`, so that an interrupted measurement goes on; `python -m benchmarks.strategies page` writes
the page and its figures from that file.
"""
