"""Which keys a model knows at a place of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo


def known_keys(
    model: type[BaseModel], path: Iterable[str | int], present: Iterable[str], named: Iterable[Any]
) -> list[str]:
    """The keys of the mapping at `path` of a document of `model`, in their order.

    Where a union leaves several models, those in `named` (what pydantic's location holds
    beside the path) are meant, or those that know most of the `present` keys.
    Empty where any key goes.
    """
    here = _models_and_containers(model)
    for step in path:
        here = [found for kind in here for found in _step(kind, step)]
    models = [kind for kind in here if _is_model(kind)]
    keys = {kind: [key for key, _ in _fields(kind)] for kind in models}
    if meant := [kind for kind in models if kind.__name__ in set(named)]:
        models = meant
    else:
        known = {kind: len(set(present) & set(keys[kind])) for kind in models}
        models = [kind for kind in models if known[kind] == max(known.values())]
    return list(dict.fromkeys(key for kind in models for key in keys[kind]))


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _fields(model: Any) -> Iterable[tuple[str, FieldInfo]]:
    # What a model refers to may have been defined after it: until then its fields are names.
    model.model_rebuild(raise_errors=False)
    for name, info in model.model_fields.items():
        alias = info.validation_alias or info.alias
        if isinstance(alias, AliasChoices):
            alias = next((choice for choice in alias.choices if isinstance(choice, str)), None)
        yield (alias if isinstance(alias, str) else name), info


def _step(kind: Any, step: str | int) -> list[Any]:
    """What stands one step below `kind`."""
    if _is_model(kind):
        for key, info in _fields(kind):
            if key == step:
                return _models_and_containers(info.annotation)
        return []
    arguments = get_args(kind)
    if not arguments:
        return []
    if isinstance(step, int):
        inner = [arg for arg in arguments if arg is not Ellipsis]
        return [found for arg in inner for found in _models_and_containers(arg)]
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return _models_and_containers(arguments[-1])
    return []


def _models_and_containers(annotation: Any) -> list[Any]:
    """`annotation` without aliases, annotations and unions around what it holds."""
    annotation = getattr(annotation, "__value__", annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _models_and_containers(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for arg in get_args(annotation) for kind in _models_and_containers(arg)]
    if _is_model(annotation) and "root" in annotation.model_fields:
        return _models_and_containers(annotation.model_fields["root"].annotation)
    return [annotation]
