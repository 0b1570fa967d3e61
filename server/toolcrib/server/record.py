"""Base of the generated Pydantic records: what hooks receive and imports parse into."""

from abc import abstractmethod
from typing import Generic, Self, TypeVar

from google.protobuf.message import Message
from pydantic import BaseModel, ConfigDict

MessageT = TypeVar("MessageT", bound=Message)


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
