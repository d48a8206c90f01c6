"""What pages are made of, all on this machine: templates, words, and Swagger UI's installed files."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import yaml
from jinja2 import DictLoader, Environment, StrictUndefined, Template

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_OWN: Final = ("page.css", "docs.js", "icon.svg")
_SWAGGER: Final = ("swagger-ui.css", "swagger-ui-bundle.js")
_TEMPLATES: Final = ("overview.html", "table.html", "docs.html", "dictionary.html")


@dataclass(frozen=True)
class Asset:
    """A file in memory."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Pages:
    """Templates, and the words of each language by name."""

    templates: Environment
    words: dict[str, dict[str, Any]]

    def template(self, name: str) -> Template:
        """Return one template."""
        return self.templates.get_template(name)


def _folder() -> Traversable:
    return files("serve") / "pages"


def load_assets() -> dict[str, Asset]:
    """Return every file that a page may load, by name."""
    swagger = files("fastapi_offline") / "static"
    return {
        **{name: _asset(_folder() / name) for name in _OWN},
        **{name: _asset(swagger / name) for name in _SWAGGER},
    }


def _asset(path: Traversable) -> Asset:
    return Asset(path.read_bytes(), _TYPES[path.name.rsplit(".", 1)[-1]])


def load_pages() -> Pages:
    """Return the templates, escaping what they are given, and the words they use."""
    sources = {name: (_folder() / name).read_text(encoding="utf-8") for name in _TEMPLATES}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Pages(environment, yaml.safe_load((_folder() / "words.yaml").read_text(encoding="utf-8")))
