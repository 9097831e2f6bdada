import csv
import io

import pytest

from ingest.header_judgement import judge_header


def judge(text):
    first, *others = csv.reader(io.StringIO(text))
    judgement = judge_header(first, others)
    return judgement.has_header, judgement.sureness


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n1,2\n",
        "name,x\nAnn,1\n",
        "x,x\n1,2\n",
        ",x\n0,1.5\n1,2.5\n",
        "day,price\n2024-01-01,1\n",
        # Dates above numbers, numbers above dates.
        "name,2024-01-01,2024-02-01\na,1,2\nb,4,3\n",
        "1,2\n2024-01-01,2024-02-01\n",
        # Wavelengths, years, positions, above rows that are not in order; a label above words that repeat.
        "400.5,401.0,401.5,class\n0.9,0.3,0.2,oil\n1.5,0.3,0.1,water\n0.9,0.3,0.7,oil\n",
        "class,1 %,2 %,3 %\nx,5,2,1\ny,7,1,4\nx,6,3,1\n",
        "class,1990,2000\nx,1.5,2.5\ny,2.5,1\nx,1,3.5\n",
        "label,0,1,2,3\ncat,5,3,2,8\ndog,1,9,4,4\ncat,4,4,4,1\n",
        # What pandas writes of a table without names: the index has none.
        ",0,1,2\n0,5,3,2\n1,7,8,1\n2,3,3,3\n",
        # Years above answers.
        "1990,2000\nyes,no\nno,no\nyes,yes\n",
        # Words above words that repeat, and above sentences.
        "colour,shape\nred,round\nred,square\nblue,round\n",
        "text\nI like it\nOh no!\nNot again\n",
    ],
)
def test_a_header_is_recognised(text):
    assert judge(text) == (True, "likely")


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "5.1,3.5,setosa\n4.9,3.0,virginica\n5.0,3.1,setosa\n",
        # Rows that rise from left to right, as the first does.
        "1,2,3\n4,5,6\n7,8,9\n",
        "red,round\nred,square\nblue,round\n",
        "Zoe,red\nAnn,red\nAnn,blue\nBob,red\n",
    ],
)
def test_a_row_is_not_taken_for_a_header(text):
    assert judge(text) in {(False, "likely"), (False, "doubtful")}


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        # Nothing tells names from words that all differ.
        ("Ann,red\nBob,blue\nCid,green\n", True),
        ("name,mail\nAnn,a@b\n", True),
        # The numbers are a series, but no word beside them says what they are.
        ("0,1,2,3\n5,3,2,8\n1,9,4,4\n4,4,4,1\n", True),
        ("country,1990,2000,2010\nFrance,56,58,60\nSpain,38,40,46\n", True),
        ("answer,2020,name\nyes,1,Ann\nno,2,Bob\nyes,3,Cid\n", True),
        ("unknown,3,4\n1,2,3\n5,9,1\n", True),
        # A word that no other row has may be a class of one row.
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n5.0,3.1,virginica\n4.7,3.2,virginica\n", False),
        ("Ann,30\nBob,25\nCid,41\n", False),
        ("−5,$3,x\n4,$7,y\n3,$1,z\n", False),
        ("a,a\nb,c\n", False),
        ("?,b\nc,d\n", False),
        (",\na,b\n", False),
    ],
)
def test_what_could_be_either_is_doubtful(text, has_header):
    assert judge(text) == (has_header, "doubtful")


def test_the_words_for_missing_values_decide_nothing():
    first, others = ["x", "y"], [["-", "a"], ["1", "b"], ["-", "b"]]
    assert judge_header(first, others).sureness == "likely"
    assert judge_header(first, others, ["-"]).reason == "“x” stands above values of another kind"
    assert not judge_header(["-", "y"], [["1", "a"], ["2", "a"]], ["-"]).has_header
