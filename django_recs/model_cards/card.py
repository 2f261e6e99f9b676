"""The card of one version: what it is, what it learned from, how good it is for whom, and what to be careful of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from django_recs.engine.evaluation.gate import MIN_QUERIES
from django_recs.model_cards.figures import (
    Figure,
    GroupCards,
    Part,
    ReliabilityBin,
    SliceCard,
    exposure_parts,
    figure_of,
    group_cards,
    mapping,
    number,
    reliability_bins,
    slice_card,
    slice_of,
    slices_of,
)
from django_recs.model_cards.words import (
    OWN_NAME,
    SLICE_LABELS,
    in_plain_words,
    metric_explanation,
    metric_label,
    recommender_label,
    slice_label,
)
from django_recs.models import Evaluation, ModelVersion

MAIN_SLICE = "returning"
VARIETY = ("coverage@10", "novelty@10", "diversity@10", "popularity@10", "popularity_lift@10", "gini@10")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something of the version, named."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Later:
    """How the version did after it had learned, in one stored evaluation."""

    period: str
    made_at: datetime
    cards: tuple[SliceCard, ...]


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Sentences, facts and figures in the order in which they are read."""

    title: str
    status: str
    summary: tuple[str, ...]
    period: str
    """Of the test, such as ``10 Nov 2011 to 10 Dec 2011``; "" where it is unknown."""
    objections: tuple[str, ...]
    """The gate's, in plain words."""
    learned_from: tuple[Fact, ...]
    left_out: tuple[str, ...]
    slices: tuple[SliceCard, ...]
    groups: tuple[GroupCards, ...]
    leaning: str
    """Towards bestsellers or away from them, in a sentence; "" where it was not measured."""
    variety: tuple[Fact, ...]
    exposure: tuple[Part, ...]
    reliability: tuple[ReliabilityBin, ...]
    calibration_error: float | None
    later: tuple[Later, ...]
    weights: tuple[Fact, ...]
    made: tuple[Fact, ...]
    limits: tuple[str, ...]

    @property
    def has_champion(self) -> bool:
        """Whether a live version was compared with."""
        return any(part.champion for part in self.slices)


def model_card(version: ModelVersion) -> ModelCard:
    """The card of ``version`` from its row, its run and its evaluations."""
    table, main = version.metrics, slice_of(version.metrics, MAIN_SLICE)
    dataset, protocol = mapping(version.dataset), mapping(mapping(table).get("protocol"))
    slices = tuple(slice_card(slice_of(table, name), slice_label(name)) for name in slices_of(table))
    bins, calibration_error = reliability_bins(main)
    reasons = version.gate_reasons if isinstance(version.gate_reasons, list) else []
    return ModelCard(
        title=_("Model card of %s") % version,
        status=version.get_status_display(),
        summary=tuple(_summary(version, dataset, main)),
        period=_period(protocol.get("test_start"), protocol.get("end")),
        objections=tuple(in_plain_words(str(reason)) for reason in reasons),
        learned_from=tuple(_learned_from(dataset)),
        left_out=tuple(_left_out(dataset)),
        slices=slices,
        groups=group_cards(table),
        leaning=_leaning(main),
        variety=tuple(_variety(main)),
        exposure=exposure_parts(main),
        reliability=bins,
        calibration_error=calibration_error,
        later=tuple(_later(evaluation) for evaluation in version.evaluations.all()[:20]),
        weights=tuple(_weights(protocol)),
        made=tuple(_made(version, dataset, protocol)),
        limits=tuple(_limits(version, table, protocol)),
    )


def _summary(version: ModelVersion, dataset: Mapping[str, Any], main: Mapping[str, Any]) -> Iterator[str]:
    yield _("%s chooses what the shop recommends to each visitor.") % version
    if until := _day_of_seconds(dataset.get("trained_until")):
        yield _("It learned from what people did until %s.") % until
    own = figure_of(main, OWN_NAME, "hit_rate@10")
    if own:
        card = slice_card(main, "")
        found = number_format(round(100 * own.mean))
        yield _("Of 100 returning customers, %s found something they went on to buy among ten recommendations.") % found
        if card.rival_lead:
            yield _("Its ranking (NDCG@10) lies %(lead)s %(side)s that of its best single part, %(rival)s.") % {
                "lead": f"{number_format(round(abs(card.rival_lead.mean), 3), decimal_pos=3)}{_error(card.rival_lead)}",
                "side": _("above") if card.rival_lead.mean >= 0 else _("below"),
                "rival": f"“{card.rival_label}”",
            }
    yield (_("The gate objected to it; see below.") if version.gate_reasons else _("The gate had no objection to it."))


def _learned_from(dataset: Mapping[str, Any]) -> Iterator[Fact]:
    first, until = _day_of_text(dataset.get("first_event_at")), _day_of_seconds(dataset.get("trained_until"))
    if first and until:
        yield Fact(name=_("Period"), value=_("%(first)s to %(last)s") % {"first": first, "last": until})
    counts = [
        ("event_count", _("Events"), _by_type(dataset)),
        ("unit_count", _("People"), _people(dataset)),
        ("item_count", _("Products in the catalogue"), _silent(dataset)),
        ("refund_count", _("Refunds taken off"), ""),
    ]
    for key, name, note in counts:
        if (count := number(dataset.get(key))) is not None:
            yield Fact(name=name, value=_count(count), note=note)
    if purpose := dataset.get("purpose"):
        yield Fact(name=_("Consent to"), value=str(purpose))


def _by_type(dataset: Mapping[str, Any]) -> str:
    counts = mapping(dataset.get("events_by_type"))
    parts = [f"{str(name).replace('_', ' ')} {_count(count)}" for name, count in counts.items() if number(count)]
    return ", ".join(parts)


def _people(dataset: Mapping[str, Any]) -> str:
    people, customers = number(dataset.get("unit_count")), number(dataset.get("customer_count"))
    if people is None or customers is None:
        return ""
    return _("%(customers)s customers and %(guests)s guests") % {
        "customers": _count(customers),
        "guests": _count(people - customers),
    }


def _silent(dataset: Mapping[str, Any]) -> str:
    silent = number(dataset.get("silent_item_count"))
    return _("%s of them nobody has touched yet") % _count(silent) if silent else ""


def _left_out(dataset: Mapping[str, Any]) -> Iterator[str]:
    without, bots = number(dataset.get("unconsented_event_count")), number(dataset.get("bot_event_count"))
    unknown = number(dataset.get("unknown_item_count"))
    yield _("Who did not consent to personalisation is not in the data at all.")
    if without:
        yield _("%s events were left out for want of that consent.") % _count(without)
    if bots:
        yield _("%s events of known robots were left out.") % _count(bots)
    if unknown:
        yield _("%s events speak of products that the catalogue no longer knows; they were left out.") % _count(unknown)
    yield _("What was shown, searched or dismissed teaches nothing, unless the event weights of the settings say so.")
    yield _("No name, address, age or other attribute of a person is read, unless the settings name it.")


def _variety(main: Mapping[str, Any]) -> Iterator[Fact]:
    for metric in VARIETY:
        if figure := figure_of(main, OWN_NAME, metric):
            value = f"{number_format(round(figure.mean, 3), decimal_pos=3)}{_error(figure)}"
            yield Fact(name=metric_label(metric), value=value, note=metric_explanation(metric))


def _leaning(main: Mapping[str, Any]) -> str:
    lift = figure_of(main, OWN_NAME, "popularity_lift@10")
    if lift is None:
        return ""
    if lift.error is not None and abs(lift.mean) < 2 * lift.error:
        return _("What it recommends is about as well known as what the same people had taken before.")
    percent = number_format(round(100 * abs(lift.mean)))
    if lift.mean > 0:
        return _("What it recommends is %s %% better known than what the same people had taken before.") % percent
    return _("What it recommends is %s %% less known than what the same people had taken before.") % percent


def _later(evaluation: Evaluation) -> Later:
    return Later(
        period=_("%(first)s to %(last)s") % {"first": _day(evaluation.start), "last": _day(evaluation.end)},
        made_at=evaluation.created_at,
        cards=tuple(
            slice_card(slice_of(evaluation.table, name), slice_label(name)) for name in slices_of(evaluation.table)
        ),
    )


def _weights(protocol: Mapping[str, Any]) -> Iterator[Fact]:
    for situation, weights in mapping(protocol.get("weights")).items():
        shares = {name: share for name, each in mapping(weights).items() if (share := number(each))}
        total = sum(shares.values()) or 1.0
        parts = [
            f"{recommender_label(name)} {number_format(round(100 * share / total))} %"
            for name, share in sorted(shares.items(), key=lambda pair: -pair[1])
        ]
        yield Fact(name=_situation_label(situation), value=", ".join(parts))
    ranked = protocol.get("ranked")
    if isinstance(ranked, list):
        found = ", ".join(_situation_label(str(situation)) for situation in ranked) or _("nowhere, as it did not help")
        yield Fact(name=_("Put in order by decision trees"), value=found)


def _situation_label(situation: str) -> str:
    return _("New visitors") if situation == "new_visitor" else slice_label(situation)


def _made(version: ModelVersion, dataset: Mapping[str, Any], protocol: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact(name=_("Made"), value=date_format(version.created_at, "j M Y, H:i"))
    if version.promoted_at:
        yield Fact(name=_("Went live"), value=date_format(version.promoted_at, "j M Y, H:i"))
    yield Fact(name=_("Training run"), value=str(version.run_id))
    valid = _period(protocol.get("valid_start"), protocol.get("test_start"))
    test = _period(protocol.get("test_start"), protocol.get("end"))
    if valid and test:
        yield Fact(name=_("Weights chosen on"), value=valid)
        yield Fact(name=_("Judged on"), value=test)
    if reads := number(protocol.get("test_period_reads")):
        yield Fact(name=_("Test period read in this training"), value=_times(int(reads)))
    if note := protocol.get("live_version"):
        yield Fact(name=_("Compared with"), value=str(note))
    if mapping(configuration := protocol.get("configuration")):
        yield Fact(name=_("Configuration"), value=_flat(configuration))
    if code := dataset.get("code_version"):
        yield Fact(name=_("Made by"), value=f"django_recs {code}")
    if fingerprint := dataset.get("fingerprint"):
        yield Fact(name=_("Fingerprint of the data"), value=str(fingerprint)[:16])
    yield Fact(name=_("Files"), value=version.artifact)


def _limits(version: ModelVersion, table: object, protocol: Mapping[str, Any]) -> Iterator[str]:
    yield _(
        "These figures say whether people were shown what they went on to buy anyway. How much more they buy because "
        "of it, only an experiment can tell."
    )
    few = [
        slice_label(name)
        for name in slices_of(table)
        if (number(slice_of(table, name).get("query_count")) or 0) < MIN_QUERIES
    ]
    if few:
        yield _("Few questions were asked here, so chance weighs heavily: %s.") % ", ".join(few)
    missing = [str(label) for name, label in SLICE_LABELS.items() if not slice_of(table, name)]
    if missing:
        yield _("Nothing is known of: %s.") % ", ".join(missing)
    yield _(
        "Prices, texts, categories, pictures and allowed attributes of customers are those of the day of training, "
        "also in the test; products that have left the catalogue since are in neither."
    )
    yield _(
        "The version that is live has shaped what people saw and so what they bought; what it never showed is rarely "
        "bought, and counts against whoever would show it."
    )
    if overlapping := _overlapping(version, protocol):
        sentence = _(
            "Days of the same test period judged earlier versions, too (%d). Choosing among many by the same days is "
            "kinder to the winner than the next month will be."
        )
        yield sentence % overlapping
    if not mapping(mapping(table).get("groups")):
        yield _("The figures were not cut by who asked: whether some are served worse is not known.")


def _overlapping(version: ModelVersion, protocol: Mapping[str, Any]) -> int:
    start = str(protocol.get("test_start") or "")
    ends = ModelVersion.objects.filter(pk__lt=version.pk).values_list("metrics__protocol__end", flat=True)
    return sum(isinstance(end, str) and bool(start) and end > start for end in ends)


def _period(start: object, end: object) -> str:
    first, last = _day_of_text(start), _day_of_text(end)
    return _("%(first)s to %(last)s") % {"first": first, "last": last} if first and last else ""


def _day(moment: datetime) -> str:
    return date_format(moment.astimezone(UTC), "j M Y")


def _day_of_seconds(value: object) -> str:
    seconds = number(value)
    return "" if seconds is None else _day(datetime.fromtimestamp(seconds, tz=UTC))


def _day_of_text(value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    return _day(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _count(value: float) -> str:
    return number_format(int(value), force_grouping=True)


def _error(figure: Figure) -> str:
    return "" if figure.error is None else f" ± {number_format(round(figure.error, 3), decimal_pos=3)}"


def _times(count: int) -> str:
    return _("once") if count == 1 else _("%d times, as attempts were cut off") % count


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(part)}" for name, part in value.items()) or _("defaults")
    return str(value)
