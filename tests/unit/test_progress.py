"""How far a job is: what it says itself, else what its output shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.domain.progress import Eta, Watch


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(*output: str | bytes):
    """What a job shows after printing these pieces."""
    watch = Watch(Clock())
    for piece in output:
        watch.print(piece.encode() if isinstance(piece, str) else piece)
    return watch.progress and (
        watch.progress.fraction and round(watch.progress.fraction, 4),
        watch.progress.message,
    )


class TestWhatIsRecognised:
    @pytest.mark.parametrize(
        ("output", "expected"),
        [
            # tqdm
            ("\r 37%|███▋      | 37/100 [00:05<00:08,  7.40it/s]", (0.37, "37/100")),
            ("Training:  37%|###7      | 37/100 [00:05<00:08]", (0.37, "Training: 37/100")),
            ("\r100%|██████████| 100/100 [00:13<00:00,  7.40it/s]\n", (1.0, "100/100")),
            ("\r 35%|███▌      | 1.20k/3.40k [00:05<00:08, 12.0B/s]", (0.35, "1.20k/3.40k")),
            ("37it [00:05,  7.40it/s]", (None, "37 it")),
            # Keras
            ("\x1b[1m120/469\x1b[0m \x1b[32m━━\x1b[37m━\x1b[0m 5s", (0.2559, "120/469")),
            ("120/469 [=====>........] - ETA: 5s - loss: 0.5\n", (0.2559, "120/469")),
            ("469/469 - 5s - 11ms/step - loss: 0.25\n", (1.0, "469/469")),
            ("Epoch 3/10\n", (0.2, "epoch 3/10")),
            # loops that people write
            ("Epoch 3/10 - loss: 0.5 - acc: 0.9\n", (0.3, "epoch 3/10")),
            ("epoch: 003/010, loss=0.5\n", (0.3, "epoch 3/10")),
            ("epoch 3 of 10: loss 0.5\n", (0.3, "epoch 3/10")),
            ("Epoch [3/10], Step [100/600], Loss: 0.5\n", (0.2167, "epoch 3/10")),
            ("[3/10] loss 0.5\n", (0.3, "3/10")),
            ("INFO Step 100/1000 loss 0.5\n", (0.1, "Step 100/1000")),
            ("iter 100 / 1000\n", (0.1, "iter 100 / 1000")),
            # rich
            ("Working... ━━━━━━━╸━━━━━━  37% 0:00:08\n", (0.37, "Working...")),
        ],
    )  # fmt: skip
    def test_common_forms(self, output, expected):
        assert shown(output) == expected

    @pytest.mark.parametrize(
        "output",
        [
            "2026-11-22 saved on 3/10/2026\n",
            "10/10 tests passed\n",
            "3/10\n",
            "accuracy: 37%\n",
            "epoch 3\n",
            "epoch 12/10\n",
            "epoch 3/0\n",
            "epoch 3/10/2026\n",
            "see http://host/step/3/10\n",
            "stepwise 3/10\n",
            "[3/10/2026] hello\n",
            "ratio 3/10 [ok]\n",
            "loss 0.5\n",
            b"\x00\xff\xfe 37%|",
        ],
    )
    def test_look_alikes_are_not(self, output):
        assert shown(output) is None

    def test_a_count_whose_line_goes_on_is_not_read_yet(self):
        assert shown("epoch 1/1") is None
        assert shown("epoch 1/1", "0\n") == (0.0, "epoch 1/10")

    def test_the_last_of_many_counts(self):
        bars = "".join(f"\r{n:3}%|{'█' * n}| {n}/100 [00:05<00:08]" for n in range(60))

        assert shown(bars) == (0.59, "59/100")

    def test_only_the_end_of_a_log_storm_is_looked_at(self):
        assert shown("epoch 1/2 loss 1\n" + "x" * 100_000 + "\n") is None

    @given(st.lists(st.binary(max_size=60), max_size=10))
    def test_any_output_is_survived(self, pieces):
        shown(*pieces)


class TestEpochsAndBatches:
    def test_bars_refine_the_epoch(self):
        assert shown("Epoch 3/10\n", "\r 50%|█████     | 50/100 [00:05<00:05]") == (
            0.25,
            "epoch 3/10",
        )

    def test_a_bar_may_carry_its_epoch(self):
        assert shown("Epoch 3/10:  50%|█████     | 50/100 [00:05<00:05]") == (0.25, "epoch 3/10")

    def test_a_validation_bar_does_not_turn_the_progress_back(self):
        train = "\r100%|██████████| 100/100 [00:05<00:00]"
        validate = "\r 10%|█         | 1/10 [00:05<00:05]"

        assert shown("Epoch 3/10\n", train, "\n", validate)[0] == 0.3

    def test_results_end_the_epoch_and_batches_then_belong_to_the_next(self):
        assert shown("epoch 3/10 loss 0.5\n", "batch 50/100\n") == (0.35, "epoch 4/10")

    def test_a_second_training_begins_anew(self):
        assert shown("epoch 10/10 loss 0.1\n", "epoch 1/10 loss 0.9\n")[0] == 0.1


class TestWhatTheJobSays:
    def test_wins_over_what_it_prints(self):
        watch = Watch(Clock())
        watch.print(b"epoch 9/10 loss 0.5\n")
        watch.say(0.25, "by itself", 1000.0)
        watch.print(b"epoch 10/10 loss 0.5\n")

        assert (watch.progress.fraction, watch.progress.message) == (0.25, "by itself")

    def test_an_unknown_total_does_not_hide_a_known_fraction(self):
        assert shown("epoch 3/10 loss 0.5\n", "37it [00:05,  7.40it/s]")[0] == 0.3

    def test_the_time_left_is_told_with_it(self):
        watch = Watch(Clock())
        watch.say(0.0, None, 1000.0)
        watch.say(0.25, None, 1010.0)

        assert watch.progress.eta_seconds == 30.0


class TestTimeLeft:
    def estimate(self, points):
        eta = Eta()
        return [eta.observe(fraction, time) for fraction, time in points][-1]

    def test_an_even_pace_is_continued(self):
        assert self.estimate((n / 100, n * 2.0) for n in range(51)) == pytest.approx(100)

    def test_there_is_none_before_the_fraction_has_grown(self):
        assert self.estimate([(0.0, 0.0)]) is None
        assert self.estimate([(0.5, 0.0), (0.5, 10.0)]) is None

    def test_one_slow_step_does_not_shake_it(self):
        even = [(n / 100, float(n)) for n in range(51)]

        assert self.estimate([*even, (0.51, 56.0)]) == pytest.approx(49, rel=0.5)

    def test_a_lasting_change_of_pace_shows(self):
        fast = [(n / 100, float(n)) for n in range(31)]
        slow = [(0.3 + n / 100, 30.0 + n * 10) for n in range(1, 31)]

        assert self.estimate([*fast, *slow]) == pytest.approx(400, rel=0.15)

    def test_a_jump_at_the_beginning_is_soon_forgotten(self):
        even = [(0.01 + n / 100, 0.001 + n) for n in range(1, 11)]

        assert self.estimate([(0.0, 0.0), (0.01, 0.001), *even]) == pytest.approx(89, rel=0.15)

    def test_a_fraction_that_falls_begins_anew(self):
        assert self.estimate([(0.0, 0.0), (0.9, 9.0), (0.1, 10.0)]) is None

    def test_a_clock_that_jumps_back_begins_anew(self):
        assert self.estimate([(0.0, 5000.0), (0.5, 5010.0), (0.6, 1000.0), (0.7, 1010.0)]) == (
            pytest.approx(30)
        )

    def test_at_the_end_nothing_is_left(self):
        assert self.estimate([(0.0, 0.0), (1.0, 9.0)]) == 0.0

    @given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e9))))
    def test_it_is_never_negative(self, points):
        eta = Eta()
        for fraction, time in points:
            estimate = eta.observe(fraction, time)
            assert estimate is None or estimate >= 0
