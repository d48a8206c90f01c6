"""What is said about files that are missing or damaged."""

import zipfile

import pytest

from forecasting.errors import InputError
from forecasting.sources import bls, esco, flanders, jrc
from forecasting.sources.files import gather, read_csv, require, unzip


def test_an_empty_folder_names_every_file_at_once(tmp_path):
    with pytest.raises(InputError, match=r"eurostat/lfst_r_lfe2en2\.tsv\.gz: found nothing") as caught:
        flanders.read(tmp_path)

    assert [problem.where for problem in caught.value.problems] == list(flanders.FILES)
    assert all("copy it to" in problem.remedy for problem in caught.value.problems)


def test_a_folder_that_is_not_there_is_one_problem(tmp_path):
    with pytest.raises(InputError, match="no such folder") as caught:
        require(tmp_path / "none", flanders.FILES)

    assert len(caught.value.problems) == 1


def test_damaged_files_are_reported_together(tmp_path):
    for file in flanders.FILES:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"damaged")

    with pytest.raises(InputError, match="truncated or damaged") as caught:
        flanders.read(tmp_path)

    said = {problem.where.split("/")[0] for problem in caught.value.problems}
    assert said == {file.split("/")[-1] for file in flanders.FILES}


def test_gather_returns_what_readers_return():
    assert gather({"a": lambda: 1, "b": lambda: 2}) == {"a": 1, "b": 2}


def make_zip(path, member="a.csv", content="x\n1\n"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return path


def test_a_truncated_zip_is_refused(tmp_path):
    path = make_zip(tmp_path / "bundle.zip", content="x\n" + "1\n" * 1000)
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(InputError, match=r"bundle\.zip: found a truncated or damaged file"):
        unzip(path, "a.csv")


def test_a_zip_with_a_damaged_member_is_refused(tmp_path):
    path = make_zip(tmp_path / "bundle.zip", content="".join(str(n * n) for n in range(1000)))
    content = bytearray(path.read_bytes())
    content[200:300] = bytes(100)
    path.write_bytes(content)

    with pytest.raises(InputError, match="truncated or damaged file"):
        unzip(path, "a.csv")


def test_a_zip_without_the_member_or_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"found no b\.csv inside"):
        unzip(make_zip(tmp_path / "bundle.zip"), "b.csv")
    with pytest.raises(InputError, match=r"none\.zip: found nothing"):
        unzip(tmp_path / "none.zip", "b.csv")


def test_codes_keep_their_zeros_and_columns_must_be_there():
    frame = read_csv(b"\xef\xbb\xbfcode,label,more\n01,,x\n", "groups.csv", ("label", "code"))

    assert frame.to_dict("list") == {"label": [""], "code": ["01"]}
    with pytest.raises(
        InputError, match=r"groups\.csv: found no column kind; expected the columns code, kind"
    ):
        read_csv(b"code,label\n01,a\n", "groups.csv", ("code", "kind"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found no column a, b"),
        (b"a,b\n1,2\n1,2,3\n1\n", "lines 3, 4: found 3 cells; expected 2 cells, as the header has"),
        (b'a,b\n1,"two\nlines"\n1\n', "line 4: found 1 cells"),
        (b'a,b\n1,"open', "unexpected end of data"),
        (b"a,b\n\xff\xfe,1\n", "expected delimited UTF-8 text"),
    ],
)
def test_text_that_is_no_table_is_refused(content, message):
    with pytest.raises(InputError, match=rf"odd\.csv.*{message}"):
        read_csv(content, "odd.csv", ("a", "b"))


@pytest.mark.parametrize("content", [b"", b"no workbook", bytes(2000)])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / bls.FILE
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"occupation_2010_20\.xls: found an unreadable file"):
        bls.read_employment(tmp_path)


@pytest.mark.shared
def test_a_truncated_workbook_is_refused_without_a_word_printed(shared, tmp_path, capfd):
    path = tmp_path / bls.FILE
    path.parent.mkdir()
    path.write_bytes((shared / bls.FILE).read_bytes()[:300_000])

    with pytest.raises(InputError, match="unreadable file"):
        bls.read_employment(tmp_path)

    assert capfd.readouterr() == ("", "")


def test_esco_reports_every_damaged_bundle(tmp_path):
    (tmp_path / "esco").mkdir()

    with pytest.raises(InputError, match="classification_en") as caught:
        esco.read(tmp_path)

    assert {problem.where for problem in caught.value.problems} == {file.split("/")[1] for file in esco.FILES}


def test_cells_of_the_matrix_that_cannot_be_read_are_named(tmp_path):
    path = tmp_path / jrc.FILE
    path.parent.mkdir()
    path.write_text("nace\tisco\tpop\n85. Education\t23. Teachers\t1.5\nEducation\t23. Teachers\tmany\n")

    with pytest.raises(InputError, match="column pop, line 3: found 'many'") as caught:
        jrc.read(tmp_path)

    assert [problem.column for problem in caught.value.problems] == ["pop", "nace"]
