"""The search for better hyper-parameters: `studies` makes and ends them, and each `worker` joins as one more.

Optuna proposes, `objective` judges, and only by the validation period. What the workers share is in the shop's
database: Optuna's journal in `TuningEntry` rows, and for people a `TuningTrial` row per configuration. `studies` and
`report` work without Optuna, so that a machine without it can look, use and forget.
"""
