"""TLS to MariaDB and MySQL: where nothing is said, none through a socket of this machine, else as the driver does."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from toolcrib.server.databases.mariadb_tls import plain_through_socket


def test_a_socket_of_this_machine_has_none() -> None:
    url = make_url("mariadb://root@/plant?unix_socket=/run/mysqld.sock")
    assert plain_through_socket(url).query == {"unix_socket": "/run/mysqld.sock", "ssl_disabled": "true"}


@pytest.mark.parametrize(
    "text",
    [
        "mariadb://root@db/plant",
        "mariadb://root@/plant?unix_socket=/run/mysqld.sock&ssl_ca=/etc/ca.pem",
        "mariadb://root@/plant?unix_socket=/run/mysqld.sock&ssl_verify_cert=true",
    ],
)
def test_what_is_said_is_done_and_a_network_is_left_to_the_driver(text: str) -> None:
    assert plain_through_socket(make_url(text)) == make_url(text)
