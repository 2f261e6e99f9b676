"""A model card as Markdown: for a terminal, a repository or a wiki."""

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext as _

from django_recs.model_cards.card import Fact, ModelCard
from django_recs.model_cards.figures import Figure, Part, SliceCard

BAR_WIDTH = 24


def as_markdown(card: ModelCard) -> str:
    """The whole card; bars are drawn with block characters."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: ModelCard) -> Iterator[str]:
    yield f"# {card.title}"
    yield from ("", f"**{card.status}.** {' '.join(card.summary)}")
    yield from _section(_("What the gate said"), _bullets(card.objections or [_("No objection.")]))
    yield from _section(_("How good it is"), _how_good(card))
    if card.slices:
        yield from ("", "```text", *_charts(card.slices), "```")
    for grouping in card.groups:
        yield from _section(f"{grouping.label}: {grouping.slice_label}", _slice_table(grouping.groups))
    if card.variety:
        leaning = [card.leaning, ""] if card.leaning else []
        yield from _section(_("What it shows"), [*leaning, *_facts_with_notes(card.variety)])
    if card.exposure:
        yield from ("", "```text", *_exposure(card.exposure), "```")
    if card.reliability:
        yield from _section(_("Do its chances come true?"), _reliability(card))
    if card.later:
        yield from _section(_("Since it learned"), _later(card))
    yield from _section(_("What it learned from"), _facts_with_notes(card.learned_from))
    yield from _section(_("What is not in it"), _bullets(card.left_out))
    if card.weights:
        yield from _section(_("What it is made of"), _facts_with_notes(card.weights))
    yield from _section(_("How it was made"), _facts_with_notes(card.made))
    yield from _section(_("Limits"), _bullets(card.limits))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from lines


def _bullets(sentences: Iterable[str]) -> Iterator[str]:
    return (f"- {_plain(sentence)}" for sentence in sentences)


def _facts_with_notes(facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        note = f" ({_plain(fact.note)})" if fact.note else ""
        yield f"- {_plain(fact.name)}: {_plain(fact.value)}{note}"


def _how_good(card: ModelCard) -> Iterator[str]:
    if not card.slices:
        yield _("No evaluation was stored with this version.")
        return
    if card.period:
        yield _("Asked about what people bought from %s, after learning from the time before.") % card.period
    yield _(
        "NDCG@10: how high what people went on to buy stood among ten recommendations, 1 at best; ± one standard error."
    )
    yield ""
    yield from _slice_table(card.slices)


def _slice_table(cards: Sequence[SliceCard]) -> Iterator[str]:
    with_champion = any(card.champion for card in cards)
    live = [_("live at that time"), _("lead")] if with_champion else []
    head = ["", _("questions"), _("this version"), *live, _("best part"), _("lead"), _("recall@10"), _("hit rate@10")]
    yield _row(head)
    yield _row(["---", *["---:"] * (len(head) - 1)])
    for card in cards:
        rival = f"{_figure(card.rival)} {card.rival_label}" if card.rival else "–"
        live = [_figure(card.champion), _signed(card.champion_lead)] if with_champion else []
        cells = [
            card.label,
            f"{card.query_count:,}",
            f"**{_figure(card.own)}**",
            *live,
            rival,
            _signed(card.rival_lead),
        ]
        yield _row([*cells, _figure(card.recall), _figure(card.hit_rate)])


def _charts(cards: Sequence[SliceCard]) -> Iterator[str]:
    width = max((len(bar.label) for card in cards for bar in card.bars), default=0)
    for place, card in enumerate(cards):
        yield from ([""] if place else [])
        yield " ".join(card.label.split())
        yield from (f"  {bar.label.ljust(width)} {_bar(bar.percent)} {bar.figure.mean:.3f}" for bar in card.bars)


def _exposure(parts: Sequence[Part]) -> Iterator[str]:
    yield _("Tenths of the products, from the most popular down: share of the places shown, and of what was bought")
    for part in parts:
        yield f"{part.number:3d} {_bar(part.shown_length)} {part.shown_percent:5.1f} % {_('shown')}"
        yield f"    {_bar(part.bought_length)} {part.bought_percent:5.1f} % {_('bought')}"


def _reliability(card: ModelCard) -> Iterator[str]:
    if card.calibration_error is not None:
        yield _("Declared chances lie %s off on average.") % f"{100 * card.calibration_error:.1f} %"
        yield ""
    yield _row([_("declared"), _("came true"), _("places")])
    yield _row(["---:"] * 3)
    for each in card.reliability:
        yield _row([f"{each.predicted_percent:.1f} %", f"{each.observed_percent:.1f} %", f"{each.count:,}"])


def _later(card: ModelCard) -> Iterator[str]:
    for place, later in enumerate(card.later):
        yield from ([""] if place else [])
        yield f"### {later.period}"
        yield ""
        yield from _slice_table(later.cards)


def _bar(percent: float) -> str:
    return ("█" * round(BAR_WIDTH * percent / 100)).ljust(BAR_WIDTH, "·")


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return f"{figure.mean:.4f}" if figure.error is None else f"{figure.mean:.4f} ± {figure.error:.4f}"


def _signed(figure: Figure | None) -> str:
    return "–" if figure is None else figure.signed


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_plain(cell).replace('|', '/') for cell in cells)} |"


def _plain(text: str) -> str:
    """One line that no reader takes for markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;")
