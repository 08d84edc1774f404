"""How fast taskgroup is, and where its time goes: `python -m benchmarks` from the repository's root.

- `engine`: a run in cohorts against plain PyTorch loops and LibMTL, the same job for all.
- `breakdown`: where a cohort's time goes, and how near its products come to the machine's best.
- `packing`: time a run over the cohort's size, and the size that taskgroup chooses.
- `search`: what storage, proposals and bookkeeping add to the training of a search.
- `honesty`: flags, intervals and promised gains against the truth (`python -m benchmarks.honesty` draws them too).

Neighbours on the machine change every figure, so contenders take turns and medians of their turns count.
"""
