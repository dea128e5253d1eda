"""Every error leaves as JSON: {"detail": a sentence}, and for bad input {"errors": [{"field", "message"}]}."""

import logging
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as InputError

from apps.schedules.services import TaskError

logger = logging.getLogger(__name__)

UNIQUE_VIOLATION = "23505"  # PostgreSQL's; SQLite says it in words
SOURCES = {"body", "query", "path", "header", "cookie"}


class ApiError(Exception):
    """The request cannot be served; the sentence says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def install(api: NinjaAPI) -> None:
    api.add_exception_handler(ApiError, _refused)
    api.add_exception_handler(TaskError, _conflict)
    api.add_exception_handler(InputError, _bad_input)
    api.add_exception_handler(ValidationError, _bad_values)
    api.add_exception_handler(IntegrityError, _raced)
    api.add_exception_handler(Http404, _missing)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Exception, _unexpected)


def sentence(status: int, detail: str, errors: Iterable[tuple[str, str]] = ()) -> JsonResponse:
    body: dict[str, Any] = {"detail": detail}
    if listed := [{"field": field, "message": message} for field, message in errors]:
        body["errors"] = listed
    response = JsonResponse(body, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refused(_request: HttpRequest, error: ApiError | type[ApiError]) -> HttpResponse:
    assert isinstance(error, ApiError)
    return sentence(error.status, str(error))


def _conflict(_request: HttpRequest, error: TaskError | type[TaskError]) -> HttpResponse:
    return sentence(409, str(error))


def _bad_input(_request: HttpRequest, error: InputError | type[InputError]) -> HttpResponse:
    assert isinstance(error, InputError)
    return _listed([(_field(one["loc"]), one["msg"].removeprefix("Value error, ")) for one in error.errors])


def _bad_values(_request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    assert isinstance(error, ValidationError)
    if not hasattr(error, "error_dict"):
        return _listed([("", message) for message in error.messages])
    fields = error.message_dict.items()
    return _listed([("" if field == NON_FIELD_ERRORS else field, m) for field, messages in fields for m in messages])


def _raced(request: HttpRequest, error: IntegrityError | type[IntegrityError]) -> HttpResponse:
    """What was free when it was looked at is taken: the database has the last word."""
    is_taken = getattr(error.__cause__, "sqlstate", "") == UNIQUE_VIOLATION or "UNIQUE constraint" in str(error)
    if not is_taken:
        return _unexpected(request, error)
    logger.warning("two requests at once wanted the same: %s", error)
    return sentence(409, "Somebody else was faster: the same was made at this very moment.")


def _missing(_request: HttpRequest, _error: Exception | type[Exception]) -> HttpResponse:
    return sentence(404, "There is nothing here.")


def _http(_request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    assert isinstance(error, HttpError)
    return sentence(error.status_code, str(error))


def _unexpected(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    assert isinstance(error, Exception)
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return sentence(500, "Something went wrong here; the log of the service says what.")


def _listed(errors: list[tuple[str, str]]) -> JsonResponse:
    detail = " ".join(f"{field}: {message}" if field else message for field, message in errors)
    return sentence(422, detail, errors)


def _field(location: Iterable[Any]) -> str:
    """`text` of ("body", "body", "text")."""
    parts = [str(part) for part in location]
    while parts and parts[0] in SOURCES:
        parts.pop(0)
    return ".".join(parts)
