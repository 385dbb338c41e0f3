"""Pure statistics on arrays; randomness is always an argument.

Everything named in `__all__` is public; it is imported when first used, so that a program that
needs one interval of counts does not wait for numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.stats.calibration import (
        RiskCoverage,
        auroc,
        brier_score,
        expected_calibration_error,
        risk_coverage,
    )
    from harness.stats.difference import (
        MacroDifference,
        PairedDifference,
        macro_difference,
        noninferiority,
        paired_difference,
    )
    from harness.stats.estimate import (
        Interval,
        clustered_standard_error,
        macro_interval,
        mean_interval,
        mean_standard_error,
        pooled_standard_error,
        wilson_interval,
    )
    from harness.stats.flips import (
        Flips,
        count_flips,
        letter_divergence,
        letter_probabilities,
        right_letter_change,
    )
    from harness.stats.judge import (
        BradleyTerry,
        bradley_terry,
        bradley_terry_intervals,
        krippendorff_alpha,
        weighted_kappa,
    )
    from harness.stats.multiple import benjamini_hochberg, holm
    from harness.stats.paired import (
        NonInferiority,
        mcnemar_exact,
        mcnemar_mid_p,
        newcombe_interval,
        tango_interval,
        tango_noninferiority,
    )
    from harness.stats.planning import (
        minimum_detectable_drop,
        power,
        question_sample_size,
        sample_size,
    )
    from harness.stats.resample import Bootstrap, bootstrap, paired_bootstrap, sign_flip_test
    from harness.stats.sequential import EProcess
    from harness.stats.subsample import (
        PartialEstimate,
        control_variate_estimate,
        stratified_estimate,
    )

__all__ = [
    "Bootstrap",
    "BradleyTerry",
    "EProcess",
    "Flips",
    "Interval",
    "MacroDifference",
    "NonInferiority",
    "PairedDifference",
    "PartialEstimate",
    "RiskCoverage",
    "auroc",
    "benjamini_hochberg",
    "bootstrap",
    "bradley_terry",
    "bradley_terry_intervals",
    "brier_score",
    "clustered_standard_error",
    "control_variate_estimate",
    "count_flips",
    "expected_calibration_error",
    "holm",
    "krippendorff_alpha",
    "letter_divergence",
    "letter_probabilities",
    "macro_difference",
    "macro_interval",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "mean_interval",
    "mean_standard_error",
    "minimum_detectable_drop",
    "newcombe_interval",
    "noninferiority",
    "paired_bootstrap",
    "paired_difference",
    "pooled_standard_error",
    "power",
    "question_sample_size",
    "right_letter_change",
    "risk_coverage",
    "sample_size",
    "sign_flip_test",
    "stratified_estimate",
    "tango_interval",
    "tango_noninferiority",
    "weighted_kappa",
    "wilson_interval",
]

_HOMES = {
    "Bootstrap": "resample",
    "BradleyTerry": "judge",
    "EProcess": "sequential",
    "Flips": "flips",
    "Interval": "estimate",
    "MacroDifference": "difference",
    "NonInferiority": "paired",
    "PairedDifference": "difference",
    "PartialEstimate": "subsample",
    "RiskCoverage": "calibration",
    "auroc": "calibration",
    "benjamini_hochberg": "multiple",
    "bootstrap": "resample",
    "bradley_terry": "judge",
    "bradley_terry_intervals": "judge",
    "brier_score": "calibration",
    "clustered_standard_error": "estimate",
    "control_variate_estimate": "subsample",
    "count_flips": "flips",
    "expected_calibration_error": "calibration",
    "holm": "multiple",
    "krippendorff_alpha": "judge",
    "letter_divergence": "flips",
    "letter_probabilities": "flips",
    "macro_difference": "difference",
    "macro_interval": "estimate",
    "mcnemar_exact": "paired",
    "mcnemar_mid_p": "paired",
    "mean_interval": "estimate",
    "mean_standard_error": "estimate",
    "minimum_detectable_drop": "planning",
    "newcombe_interval": "paired",
    "noninferiority": "difference",
    "paired_bootstrap": "resample",
    "paired_difference": "difference",
    "pooled_standard_error": "estimate",
    "power": "planning",
    "question_sample_size": "planning",
    "right_letter_change": "flips",
    "risk_coverage": "calibration",
    "sample_size": "planning",
    "sign_flip_test": "resample",
    "stratified_estimate": "subsample",
    "tango_interval": "paired",
    "tango_noninferiority": "paired",
    "weighted_kappa": "judge",
    "wilson_interval": "estimate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness.stats' has no attribute {name!r}")
    return getattr(importlib.import_module(f"harness.stats.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
