"""The table that a paper shows of a data set: what it holds beside what Herd3D's paper states, in Markdown and LaTeX.

Herd3D is the data set of SAM 3D Animal (section 4 and appendix B). Its paper tells how yaw, pitch and distance are drawn,
not what came out, and no visible fractions; "–" stands where it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..evaluate.report import markdown_table

TITLE = "Herd3D"
Row = tuple[str, str, str]
"""What is counted, in this data set, in Herd3D."""


def paper_rows(metrics: Mapping[str, float]) -> list[Row]:
    """The rows of the table from the flat numbers of `statistics`."""

    def number(name: str, digits: int = 0) -> str:
        value = metrics.get(name, math.nan)
        return f"{value:,.{digits}f}" if math.isfinite(value) else "–"

    def share(name: str) -> str:
        value = metrics.get(name, math.nan)
        return f"{100 * value:.{0 if value in (0, 1) else 1}f} %" if math.isfinite(value) else "–"

    def span(name: str, digits: int = 0) -> str:
        low, high = number(f"{name}_min", digits), number(f"{name}_max", digits)
        return low if low == high else f"{low} to {high}"

    size = f"{span('width_px')} × {span('height_px')}".replace(",", "")
    return [
        ("images", number("pictures"), "over 5,000"),
        ("image size (px)", size, "1024 × 1024"),
        ("animals", number("animals"), "–"),
        ("animals an image", f"{span('animals_per_picture')}, mean {number('animals_per_picture_mean', 1)}", "2 to 8"),
        ("images of two animals or more", share("several_share"), "100 %"),
        ("species", number("species"), "118"),
        ("families", number("families"), "–"),
        ("species an image", f"{span('species_per_picture')}, mean {number('species_per_picture_mean', 1)}", "–"),
        ("yaw, animals in each 45° (even: 12.5 %)", f"{share('heading_share_min')} to {share('heading_share_max')}",
         "drawn from 0° to 360°"),
        ("pitch of the body, within 15°", share("pitch_within_15_share"), "drawn from −15° to 15°"),
        ("distance t_z (model units)", span("depth_units", 1), "8 to 50"),
        ("distance (m)", span("depth_m", 1), "–"),
        ("depth of a group (model units)", f"up to {number('depth_span_units_max', 1)}", "up to 30"),
        ("longer side of the box (px)", f"{span('box_px')}, median {number('box_px_median')}", "–"),
        ("visible fraction, median", number("visible_fraction_median", 2), "–"),
        ("animals not visible", share("visible_share_hidden"), "–"),
        ("animals up to 30 % visible", share("visible_share_under_30"), "–"),
        ("animals 30 % to 70 % visible", share("visible_share_under_70"), "–"),
        ("animals at least 99 % visible", share("visible_share_whole"), "–"),
        ("animals whose box meets another's", share("touching_mean"), "–"),
        ("truth of each animal",
         "shape, pose, place; 2D and 3D keypoints, visibility; boxes and masks, visible and whole; depth; normals",
         "SMAL+ parameters, 2D and 3D keypoints, boxes"),
    ]  # fmt: skip


def as_markdown(rows: list[Row], name: str) -> str:
    """The table for `table.md`."""
    return markdown_table(["", name.replace("|", "/"), TITLE], rows)


def as_latex(rows: list[Row], name: str) -> str:
    r"""The table for a paper: needs \usepackage{booktabs}. The last row, in words, is left to the text."""
    lines = [r"\begin{tabular}{lll}", r"\toprule", rf" & {_escaped(name)} & {TITLE} \\", r"\midrule"]
    lines += [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in rows[:-1]]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


_LATEX = {"\\": r"\textbackslash{}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\~{}",
          "^": r"\^{}", "×": r"$\times$", "°": r"$^\circ$", "−": r"$-$", "–": "--"}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text).replace(r"t\_z", "$t_z$")
