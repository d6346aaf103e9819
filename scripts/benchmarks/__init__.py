"""What `fn dev` costs, measured as pairs: every figure stands beside a baseline that ran in the same minute on the same
cores, because on a shared machine only a ratio means anything.

`python -m benchmarks --help` lists the rows; each row is a function `Settings -> Outcome` in a module of its own.
Everything listens on loopback, every load ends by itself, and what was started is stopped however the run ends.
"""
