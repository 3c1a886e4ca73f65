"""Templates folded as they are compiled: what is the same for every reader of a language becomes a constant.

`_("Save")`, `url_for` of a static file or of a page without values, and `icon("check")` do not change from page to page. One pass over the
syntax tree of a template puts their results in place of the calls; Jinja then joins neighbouring constants with the markup between them.
Templates are written as before.

There is one set of compiled templates for each language, each path the program is served under, and texts with or without marks: then a
constant is plain markup, which Jinja escapes and joins once. One set for all, which looks each constant up by language, would fetch and
escape it each time and join nothing. A process in which every page was shown holds 7 MB for each set (docs/benchmark.md).

Left as they are: addresses that carry something of the request (web/inbox/return_url.py), those that begin with a dot or a host, those of
rows (web/http/row_addresses.py), and names that a template gives another meaning. Where templates are reloaded as they change
(`flask --debug`), and for paths beyond the first MOST_SETS, nothing is folded.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Flask, current_app, has_request_context, request, url_for
from flask.templating import Environment
from flask_babel import gettext
from jinja2 import Template, nodes
from jinja2.runtime import markup_join, str_join
from jinja2.visitor import NodeTransformer
from markupsafe import Markup
from werkzeug.routing import BuildError

from web.locales import language

MOST_SETS = 8
"""Two languages under four paths. The server in front decides the path; should a visitor be able to, memory must not fill."""

PURE_MACROS = {"components/icon.html": {"icon", "brandmark", "quiet_art"}, "components/tags.html": {"urgent_tag", "tag"}}
"""Macros that depend on their arguments, the language and the path alone, by the template that has them."""


class Readers(NamedTuple):
    """Whom a set of compiled templates is for; `path` is None outside a request, where pages have no addresses."""

    language: str
    path: str | None
    is_marked: bool


class FoldingEnvironment(Environment):
    """Flask's environment of templates; a template asked for is the one of the reader's set."""

    varies: Callable[[str], bool] = staticmethod(lambda endpoint: False)
    """Whether the address of an endpoint depends on the request."""
    readers: Readers | None = None
    """Whom this set is for; None for the environment of the application, which folds nothing."""

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.sets: dict[Readers, FoldingEnvironment] = {}

    def get_template(self, name: str | Template, parent: str | None = None, globals: Any = None) -> Template:
        return super(FoldingEnvironment, self.for_reader()).get_template(name, parent, globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> Template:
        return super(FoldingEnvironment, self.for_reader()).select_template(names, parent, globals)

    def make_globals(self, d: Any) -> Any:
        """The globals themselves: Jinja's chain of mappings is copied and compared key by key for every import of every page."""
        return super().make_globals(d) if d else self.globals

    def for_reader(self) -> "FoldingEnvironment":
        if self.readers or self.auto_reload:
            return self
        readers = Readers(language(), request.root_path if has_request_context() else None, bool(current_app.config.get("PSEUDO_LOCALE")))
        found = self.sets.get(readers)
        if found is None and len(self.sets) < MOST_SETS:
            found = self.overlay()
            found.readers = readers
            found = self.sets.setdefault(readers, found)
        return found or self

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False) -> str:
        """Python for a template; Jinja's hook between reading and writing."""
        if self.readers:
            source = Folding(self, source, name).visit(source)
        return super()._generate(source, name, filename, defer_init)


class Folding(NodeTransformer):
    """The pass over one template, in a request of the readers it is compiled for."""

    def __init__(self, environment: FoldingEnvironment, template: nodes.Template, name: str | None) -> None:
        self.environment = environment
        self.eval_context = nodes.EvalContext(environment, name)
        own = {each.name for each in template.find_all(nodes.Name) if each.ctx != "load"}
        own |= {each.name for each in template.find_all(nodes.Macro)}
        folds = {"_": self._text, "url_for": self._address} | {
            alias: self._macro(imported.template.value, macro)
            for imported in template.find_all(nodes.FromImport)
            if isinstance(imported.template, nodes.Const)
            for macro, alias in ((each, each) if isinstance(each, str) else each for each in imported.names)
            if macro in PURE_MACROS.get(imported.template.value, ())
        }
        self.folds = {each: fold for each, fold in folds.items() if each not in own}

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802  (named for the visitor)
        self.generic_visit(node)
        fold = self.folds.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if fold is None or node.dyn_args or node.dyn_kwargs:
            return node
        try:
            return fold(node, *(each.as_const(self.eval_context) for each in node.args)) or node
        except nodes.Impossible:
            return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Joined constants; Jinja itself would forget which of them are escaped already."""
        self.generic_visit(node)
        join = markup_join if self.eval_context.autoescape else str_join
        try:
            return nodes.Const(join([each.as_const(self.eval_context) for each in node.nodes]))
        except nodes.Impossible:
            return node

    def _text(self, node: nodes.Call, given: str) -> nodes.Expr | None:
        """A text in the set's language; what is put into it stays to be computed."""
        text = gettext(given)
        whole = Markup(text) if self.eval_context.autoescape else text
        if not node.kwargs:
            return nodes.Const(whole % {})
        values = nodes.Dict([nodes.Pair(nodes.Const(each.key), each.value) for each in node.kwargs])
        filled = nodes.Mod(nodes.Const(whole), values)
        filled.set_environment(self.environment)
        return filled

    def _address(self, node: nodes.Call, endpoint: str) -> nodes.Expr | None:
        values = {each.key: each.value.as_const(self.eval_context) for each in node.kwargs}
        if endpoint.startswith(".") or self.environment.varies(endpoint) or any(each.startswith("_") for each in values):
            return None
        try:
            return nodes.Const(url_for(endpoint, **values))
        except (BuildError, RuntimeError):
            return None

    def _macro(self, template: str, name: str) -> Callable[..., nodes.Expr | None]:
        def called(node: nodes.Call, *args: Any) -> nodes.Expr | None:
            values = {each.key: each.value.as_const(self.eval_context) for each in node.kwargs}
            macro = getattr(self.environment.get_template(template).module, name)
            return nodes.Const(macro(self.eval_context, *args, **values))

        return called


def install(app: Flask, *, varies: Callable[[str], bool]) -> None:
    """Let the application fold its templates; before anything asks for its environment."""
    app.jinja_environment = FoldingEnvironment  # type: ignore[assignment]
    app.jinja_env.varies = varies  # type: ignore[attr-defined]
