"""Where a table lies, and what may be said of it."""

from pathlib import Path

import pytest

from serving.errors import ConfigError, DataError
from steps.data.location import lift_password, locate, masked, scrubbed
from steps.data.settings import SourceSettings

SECRET = "postgresql://ann:s3cret@db.example/shop"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("flights", "demo"),
        ("s3://bucket/table.csv", "object"),
        ("abfs://box@account/table", "object"),
        ("postgresql+psycopg2://db.example/shop", "sql"),
        ("sqlite:///shop.db", "sql"),
    ],
)
def test_the_kind_of_place_is_told_by_its_name(data: str, kind: str) -> None:
    """A demo's name, a store's scheme and a database's scheme are told apart."""
    assert locate(data).kind == kind


def test_a_file_may_be_a_uri(csv_path: Path) -> None:
    """A file:// URI is the file's path."""
    assert locate(f"file://{csv_path}").uri == str(csv_path)


def test_a_missing_file_names_its_neighbour(csv_path: Path) -> None:
    """A misspelt file is answered with the file it is close to."""
    with pytest.raises(DataError, match=r"no file '.*costumers.csv'.*'customers.csv'\?"):
        locate(str(csv_path.with_name("costumers.csv")))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Where not even the folder exists, the folder is named."""
    with pytest.raises(DataError, match=r"folder '.*nowhere' does not exist"):
        locate(str(tmp_path / "nowhere" / "table.csv"))


def test_a_misspelt_demo_names_the_demo() -> None:
    """A bare word that is no file is held against the demo tables."""
    with pytest.raises(DataError, match="Did you mean 'flights'"):
        locate("flihgts")


def test_variables_are_filled_in_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable becomes part of the address, quoted, and stays a variable where it is shown."""
    monkeypatch.setenv("DB_PASSWORD", "a/b@c")
    location = locate("postgresql://ann:${DB_PASSWORD}@db.example/shop")
    assert location.uri == "postgresql://ann:a%2Fb%40c@db.example/shop"
    assert "a/b@c" not in location.shown


def test_an_unset_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not set is an error that names it."""
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="export DB_PASSWORD"):
        locate("postgresql://ann:${DB_PASSWORD}@db.example/shop")


def test_settings_refuse_a_password_in_clear() -> None:
    """A password in clear would be stored with the run: it is refused and not repeated."""
    with pytest.raises(ConfigError) as caught:
        SourceSettings(data=SECRET, target="x")
    assert "s3cret" not in str(caught.value)
    assert "${DB_PASSWORD}" in str(caught.value)


def test_settings_refuse_a_password_among_the_options() -> None:
    """A password in the query part is one as well."""
    with pytest.raises(ConfigError, match="password in clear"):
        SourceSettings(data="mysql://db/shop?user=ann&password=s3cret")


def test_settings_put_a_variable_off() -> None:
    """ZenML would fill in a variable in braces and store its value: settings never hold one."""
    settings = SourceSettings(data="postgresql://ann:${DB_PASSWORD}@db.example/shop")
    assert settings.data == "postgresql://ann:$(DB_PASSWORD)@db.example/shop"
    assert "${" not in str(SourceSettings.model_json_schema())


def test_a_typed_password_is_lifted_out() -> None:
    """A command can move a typed password into a variable, and the settings then take the rest."""
    uri, password = lift_password("postgresql://ann:s3%40cret@db.example/shop", "PASS")
    assert (uri, password) == ("postgresql://ann:$(PASS)@db.example/shop", "s3@cret")
    assert SourceSettings(data=uri).data == uri


@pytest.mark.parametrize("data", ["flights", "postgresql://db/shop", "s3://bucket/a@b.csv"])
def test_nothing_is_lifted_out_of_nothing(data: str) -> None:
    """An address without a password stays as it is."""
    assert lift_password(data) == (data, None)


def test_masks_hide_every_password() -> None:
    """No password survives in a text, whatever it holds besides."""
    text = masked(f"{SECRET} and mysql://h/d?password=hush&ssl=1")
    assert "s3cret" not in text
    assert "hush" not in text
    assert "ssl=1" in text


def test_scrubbing_hides_a_password_that_a_driver_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is hidden wherever it comes up in a driver's words, quoted or not."""
    monkeypatch.setenv("PASS", "p@ss")
    location = locate("postgresql://ann:${PASS}@db/shop")
    assert "p@ss" not in scrubbed("cannot log in with p@ss (p%40ss)", location)


def test_a_password_that_no_variable_can_hold_is_refused_unseen() -> None:
    """A zero byte ends a text of the operating system's."""
    with pytest.raises(ConfigError, match="zero byte") as caught:
        lift_password("postgresql://ann:hunter%002@db.example/shop")
    assert "hunter" not in str(caught.value)
