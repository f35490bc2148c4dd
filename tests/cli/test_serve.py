"""Starting everything in one command: what keeps the web server from listening is said before anything begins."""

import socket

import click
import pytest

from marketplace.cli.serve import refuse_taken_port


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_taken_port_is_named_with_a_way_out(taken_port):
    with pytest.raises(click.ClickException, match=f"Port {taken_port} is already in use.*PORT=.* make run"):
        refuse_taken_port("127.0.0.1", str(taken_port))


def test_free_port_is_left_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    refuse_taken_port("127.0.0.1", str(port))
    refuse_taken_port("127.0.0.1", str(port))


@pytest.mark.parametrize("port", ["http", "", "70000", "-1"])
def test_port_that_is_none_is_refused_in_words(port):
    with pytest.raises(click.ClickException, match="PORT must be a number"):
        refuse_taken_port("127.0.0.1", port)


def test_address_of_another_machine_is_refused_in_words():
    with pytest.raises(click.ClickException, match="Cannot listen on"):
        refuse_taken_port("192.0.2.1", "8000")
