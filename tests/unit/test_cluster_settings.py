"""What an administrator writes of the Kubernetes engine is what the engine is given."""

from types import SimpleNamespace

import pytest
from traitlets import TraitError
from traitlets.config import Config, Configurable

from submarine_ext.app.cluster import KubernetesEngine, kubernetes
from submarine_ext.engines.kubernetes.settings import GpuType, Settings


class Application(Configurable):
    """As much of the server's application as the settings ask for."""

    def __init__(self, tmp_path, **values):
        super().__init__(config=Config({"KubernetesEngine": values}))
        self.settings = {"contents_manager": SimpleNamespace(root_dir=str(tmp_path / "work"))}
        self.data_dir = str(tmp_path / "data")


def test_there_is_a_trait_for_each_setting_with_the_same_default(tmp_path):
    traits = KubernetesEngine().traits(config=True)
    assert {*traits, "forbidden_folders"} == {*Settings.__struct_fields__}
    made = kubernetes(Application(tmp_path))(tmp_path).settings
    folders = [str(tmp_path / "work"), str(tmp_path / "data")]
    assert made == Settings(forbidden_folders=folders)


def test_values_arrive_typed(tmp_path):
    types = {"h200": {"labels": {"gpu": "h200"}}}
    application = Application(tmp_path, namespace="team-a", gpu_types=types)
    made = kubernetes(application)(tmp_path).settings
    assert made.namespace == "team-a"
    assert made.gpu_types == {"h200": GpuType(labels={"gpu": "h200"})}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"gpu_types": {"h200": {"label": {}}}}, "label"),
        ({"kind": "pod"}, "kind"),
        ({"grace_seconds": 0}, "grace_seconds"),
        ({"namespaces": {"project:a": 1}}, "namespaces"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(tmp_path, values, word):
    with pytest.raises(TraitError, match=word):
        kubernetes(Application(tmp_path, **values))
