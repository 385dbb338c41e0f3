import pytest

from oracle.parity import compare
from shared_data import requires_shared, shared_folder


@requires_shared
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_likelihoods_predictions_accuracy_and_error_equal_lm_evals(tmp_path):
    models = shared_folder() / "data" / "hub" / "models" / "local"
    path = models / "stories260K-gguf" / "stories260K-f32-ctx16k.gguf"

    found = compare("mmlu_logprob:anatomy,marketing,virology", 24, path, tmp_path)

    assert found["n"] == 24
    assert found["unequal_predictions"] == []
    assert found["largest_logprob_difference"] < 1e-3
    for subject, accuracy in found["subjects"].items():
        assert accuracy == pytest.approx(found["lm_eval"][f"mmlu_{subject}"]["acc,none"], abs=1e-9)
