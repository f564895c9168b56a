from __future__ import annotations

import pytest

from tocsin.errors import TocsinError, UserError


def test_a_user_error_is_one_line_with_its_fix() -> None:
    with pytest.raises(TocsinError) as caught:
        raise UserError("no such file: a.toml", fix="give the path of a scenario file")
    assert str(caught.value) == "error: no such file: a.toml; give the path of a scenario file"
    assert "\n" not in str(caught.value)
