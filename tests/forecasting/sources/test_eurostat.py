"""The reader of Eurostat's bulk files, on files of a few lines."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources.eurostat import read_tsv, vocabulary_flags, widen

HEADER = "unit,age,geo\\time\t2015 \t2014 "
DIMENSIONS = ("geo", "unit", "age")


def test_values_marks_and_gaps_are_read_verbatim(write_tsv):
    path = write_tsv(HEADER, "THS,Y15,BE2\t12.3 bu\t: c", "THS,Y15,BE\t1 \t:")

    frame = read_tsv(path, DIMENSIONS)

    assert list(frame.columns) == ["geo", "unit", "age", "year", "value", "flag"]
    assert frame["year"].tolist() == [2015, 2014, 2015, 2014]
    assert frame["flag"].tolist() == ["bu", "c", "", ""]
    np.testing.assert_array_equal(frame["value"], [12.3, np.nan, 1.0, np.nan])


def test_rows_are_kept_by_code(write_tsv):
    path = write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ", "THS,Y15,BE\t3 \tnonsense")

    frame = read_tsv(path, DIMENSIONS, {"geo": ["BE2", "XX"]})

    assert frame["value"].tolist() == [1.0, 2.0]


def test_a_truncated_file_is_refused(write_tsv):
    path = write_tsv(HEADER, *[f"THS,Y{age},BE2\t{age * 7919 % 613} \t: c" for age in range(200)])
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(InputError, match=r"table\.tsv\.gz: found a truncated or damaged file"):
        read_tsv(path, DIMENSIONS)


def test_text_that_is_no_gzip_is_refused(tmp_path):
    path = tmp_path / "plain.tsv.gz"
    path.write_text(HEADER)

    with pytest.raises(InputError, match=r"truncated or damaged file .*Not a gzipped file"):
        read_tsv(path, DIMENSIONS)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.tsv\.gz: found nothing"):
        read_tsv(tmp_path / "none.tsv.gz", DIMENSIONS)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("unit,age\\time\t2015 ", "expected the dimensions geo, unit, age by row"),
        ("unit,age,sex,geo\\time\t2015 ", "expected the dimensions geo, unit, age by row"),
        ("unit,age,time\\geo\t2015 ", "expected the dimensions geo, unit, age by row"),
        ("unit,age,geo\\time\t2015M01 ", "line 1: found the column '2015M01'; expected years"),
        ("unit,age,geo\\time", "found no column of figures"),
        ("", "found the header ''"),
    ],
)
def test_a_header_of_another_shape_is_refused(write_tsv, header, message):
    path = write_tsv(header, "THS,Y15,BE2\t1 ")

    with pytest.raises(InputError, match=message):
        read_tsv(path, DIMENSIONS)


def test_bad_cells_are_named_with_their_lines(write_tsv):
    path = write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ", "THS,Y16,BE2\t1,5 \t? ", "THS,Y17,BE2\t1 \t2 q")

    with pytest.raises(
        InputError, match=r"lines 3, 4: found '1,5'; expected a count of 0 or more or ':', and marks"
    ):
        read_tsv(path, DIMENSIONS)


def test_rows_with_too_few_cells_or_codes_are_named(write_tsv):
    with pytest.raises(InputError, match="line 3: found 1 cells; expected 2 cells, one a year"):
        read_tsv(write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ", "THS,Y16,BE2\t1 "), DIMENSIONS)
    with pytest.raises(InputError, match="line 2: found 'THS,BE2'; expected 3 codes"):
        read_tsv(write_tsv(HEADER, "THS,BE2\t1 \t2 "), DIMENSIONS)


def test_a_repeated_combination_is_refused(write_tsv):
    path = write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ", "THS,Y15,BE\t1 \t2 ", "THS,Y15,BE2\t3 \t4 ")

    with pytest.raises(InputError, match="lines 2, 4: found BE2,THS,Y15 more than once"):
        read_tsv(path, DIMENSIONS)


def test_codes_that_no_row_has_are_named(write_tsv):
    path = write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ")

    with pytest.raises(InputError, match="found no such row; expected unit PC"):
        read_tsv(path, DIMENSIONS, {"unit": ["PC"]})


def test_eurostats_own_estimates_are_not_called_ours():
    assert vocabulary_flags(pd.Series(["e", "bep", "f", "i", "n", "r", ""])).tolist() == [
        "s",
        "bsp",
        "s",
        "d",
        "u",
        "",
        "",
    ]


def test_widen_lays_codes_across_in_the_order_asked(write_tsv):
    frame = read_tsv(write_tsv(HEADER, "THS,Y15,BE2\t1 \t2 ", "THS,Y16,BE2\t3 \t: "), DIMENSIONS)

    wide = widen(frame, ["geo", "year"], "age", "value", ["Y17", "Y16", "Y15"])

    np.testing.assert_array_equal(wide.loc[("BE2", 2015)], [np.nan, 3.0, 1.0])
