"""The program that makes Parquet: `parquet` starts this file in a process of its own, which knows
nothing of the server. A piece comes in and a piece goes out, each after its length in eight bytes.
In come the size of a row group and the services as JSON, then lines of NDJSON, at last nothing;
out, what is ready of the file. A row group is all that is held, however many records there are.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

LENGTH = 8
TEXT, FLAG, TIME = pa.string(), pa.bool_(), pa.timestamp("ms", "UTC")
LOG = {"index": pa.int64(), "commitment": TEXT, "salt": TEXT}


def fields(services: Any) -> Any:
    """The columns: the members of a record, in their order."""
    kinds = {
        "v": pa.int32(), "id": TEXT, "site": TEXT, "visitor": TEXT, "action": TEXT,
        "categories": flags("preferences", "statistics", "marketing"),
        "services": services, "notice": TEXT, "answer": TEXT, "regime": TEXT,
        "regime_shown": TEXT, "regimes": TEXT,
        "place": pa.struct([(n, TEXT) for n in ("country", "subdivision", "source", "database")]),
        "language": TEXT, "layer": pa.int32(), "device": TEXT, "browser": TEXT,
        "received_at": TIME, "claimed_at": TIME, "shown_at": TIME, "page": TEXT,
        "signals": flags("gpc", "dnt"), "previous": TEXT, "superseded": FLAG, "erased": FLAG,
        "log": pa.struct(list(LOG.items())),
    }  # fmt: skip
    return pa.schema(list(kinds.items()))


def flags(*names: str) -> Any:
    return pa.struct([(name, FLAG) for name in names])


class Sink(io.RawIOBase):
    """Takes what the writer writes, and gives it away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._at, self._parts = 0, list[bytes]()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._at += len(self._parts[-1])
        return len(self._parts[-1])

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class File:
    """One file, a row group at a time."""

    def __init__(self, group: int, services: list[str]) -> None:
        self.size, self.services = group, services
        self.sink = Sink()
        self.schema = fields(pa.map_(TEXT, FLAG))
        self._writer = pq.ParquetWriter(self.sink, self.schema, compression="zstd")
        read = {"explicit_schema": fields(flags(*services)), "unexpected_field_behavior": "error"}
        self._parse = pj.ParseOptions(**read)
        self._tables: list[Any] = []
        self._many = 0

    def add(self, lines: bytes) -> None:
        options = pj.ReadOptions(use_threads=False)
        source = io.BytesIO(lines)
        table = pj.read_json(source, read_options=options, parse_options=self._parse)
        self._tables.append(table)
        self._many += table.num_rows
        if self._many >= self.size:
            self.group()

    def group(self) -> None:
        table = pa.concat_tables(self._tables)
        self._tables, self._many = [], 0
        columns = [table.column(name).combine_chunks() for name in self.schema.names]
        place = self.schema.get_field_index("services")
        columns[place] = named(columns[place], self.services)
        self._writer.write_table(pa.table(columns, schema=self.schema))

    def close(self) -> None:
        if self._many:
            self.group()
        self._writer.close()


def named(chosen: Any, services: list[str]) -> Any:
    """A struct with a member for each service as a map of those that are there."""
    columns, many = chosen.flatten(), len(chosen)
    if not services:
        return pa.array([None if gone else [] for gone in chosen.is_null()], pa.map_(TEXT, FLAG))
    counts = pa.array([0] * many, pa.int32())
    for column in columns:
        counts = pc.add(counts, column.is_valid().cast(pa.int32()))
    order = pa.array([row + n * many for row in range(many) for n in range(len(services))])
    granted = pa.concat_arrays(columns).take(order)
    names = pa.array(services).take(pa.array(list(range(len(services))) * many))
    ends = pc.cumulative_sum(counts)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    there = granted.is_valid()
    held = names.filter(there), granted.filter(there)
    return pa.MapArray.from_arrays(offsets, *held, mask=chosen.is_null())


def heard() -> bytes:
    piece = sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(LENGTH)))
    return piece


def say(piece: bytes) -> None:
    sys.stdout.buffer.write(len(piece).to_bytes(LENGTH) + piece)
    sys.stdout.buffer.flush()


def main() -> None:
    pa.set_cpu_count(1)
    file = File(**json.loads(heard()))
    say(file.sink.taken())
    while lines := heard():
        file.add(lines)
        say(file.sink.taken())
    file.close()
    say(file.sink.taken())


if __name__ == "__main__":
    main()
