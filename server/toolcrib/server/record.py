"""Base of the generated Pydantic records: what hooks receive and imports parse into.

Messages inside a record are protobuf messages there too; in JSON and dictionaries they are as ProtoJSON has them.
"""

from abc import abstractmethod
from typing import Any, Generic, Self, TypeVar

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MessageT = TypeVar("MessageT", bound=Message)


class Inside:
    """Lets Pydantic take a message type: `Annotated[Pose, Inside]` is a Pose, or what ProtoJSON makes one of."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Message], _handler: GetCoreSchemaHandler) -> CoreSchema:
        def parse(value: object) -> Message:
            if isinstance(value, source):
                return value
            try:
                return ParseDict(value, source())  # type: ignore[arg-type]  # what is no JSON is refused
            except (ParseError, TypeError, AttributeError) as error:
                raise ValueError(f"is no {source.DESCRIPTOR.full_name}: {error}") from error

        return core_schema.no_info_plain_validator_function(
            parse, serialization=core_schema.plain_serializer_function_ser_schema(_to_dict)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {}


def _to_dict(message: Message) -> Any:
    return MessageToDict(message, preserving_proto_field_name=True)


def copy_of(message: MessageT) -> MessageT:
    """A message of its own, so that a record may be altered without the message that it was read from."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def require_one(oneof: str, /, **members: object) -> None:
    """Raises ValueError where more than one member of a oneof is set: a message would keep the last alone."""
    given = [name for name, value in members.items() if value is not None]
    if len(given) > 1:
        raise ValueError(f"of the oneof {oneof} only one member can be set, not {' and '.join(given)}")


class Record(BaseModel, Generic[MessageT]):
    """One record of a component.

    Assigning a value of a wrong type, or to a field that does not exist, raises pydantic.ValidationError. The rules of
    buf.validate are checked when the record is written.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    @classmethod
    @abstractmethod
    def from_message(cls, message: MessageT) -> Self:
        """The record with the values of `message`."""

    @abstractmethod
    def to_message(self) -> MessageT:
        """The message with the values of this record."""
