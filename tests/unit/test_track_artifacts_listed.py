"""What a job keeps through track is listed, whole or not at all."""

from submarine_ext.files.jobs import Artifact, JobFiles


def test_a_copy_that_is_not_finished_is_not_listed(tmp_path):
    files = JobFiles(tmp_path)
    folder = files.folder("j1", 1) / "artifacts"
    (folder / ".submarine-1a2b").mkdir(parents=True)
    (folder / ".submarine-1a2b" / "half").write_bytes(b"x")
    (folder / ".submarine-3c4d").write_bytes(b"x")
    (folder / "best").mkdir()
    (folder / "best" / "model.pkl").write_bytes(b"weights")

    assert files.artifacts("j1", 1) == [Artifact("best/model.pkl", 7)]
