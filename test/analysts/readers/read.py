"""Reads folders of Parquet files, partitioned by month, as analysts do, and says in JSON what each reader saw.

Standard input: {"tables": [{"table", "folder", "decimals": [column, ...], "part"}, ...]}
Standard output: {table: {reader: {"rows": n, "columns": [...], "months": [...], "sums": {column: text}}}}
"""
import decimal
import json
import sys

import duckdb
import pandas
import pyarrow.compute as compute
import pyarrow.dataset as dataset

decimal.getcontext().prec = 60


def text(value):
    return None if value is None else format(decimal.Decimal(value).normalize(), "f")


def total(values):
    known = [value for value in values if value is not None and not pandas.isna(value)]
    return text(sum(known, decimal.Decimal(0))) if known else None


def by_pyarrow(folder, decimals, part):
    table = dataset.dataset(folder, format="parquet", partitioning="hive").to_table()
    return {
        "rows": table.num_rows,
        "columns": table.column_names,
        "months": sorted({str(value) for value in table.column(part).to_pylist()}),
        "sums": {name: text(compute.sum(table.column(name)).as_py()) for name in decimals},
        "types": sorted({str(table.schema.field(name).type) for name in decimals}),
    }


def by_pandas(folder, decimals, part):
    frame = pandas.read_parquet(folder)
    return {
        "rows": len(frame),
        "columns": list(frame.columns),
        "months": sorted({str(value) for value in frame[part]}),
        "sums": {name: total(frame[name]) for name in decimals},
    }


def by_duckdb(folder, decimals, part):
    connection = duckdb.connect()
    source = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
    names = [name for name, *_ in connection.execute(f"describe select * from {source}").fetchall()]
    sums = ", ".join(f'sum("{name}")' for name in decimals) or "null"
    return {
        "rows": connection.execute(f"select count(*) from {source}").fetchone()[0],
        "columns": names,
        "months": sorted(str(month) for month, in connection.execute(f"select distinct {part} from {source}").fetchall()),
        "sums": dict(zip(decimals, map(text, connection.execute(f"select {sums} from {source}").fetchone()))),
    }


readers = {"pyarrow": by_pyarrow, "pandas": by_pandas, "duckdb": by_duckdb}
answer = {}
for each in json.load(sys.stdin)["tables"]:
    answer[each["table"]] = {}
    for name, read in readers.items():
        try:
            answer[each["table"]][name] = read(each["folder"], each["decimals"], each["part"])
        except Exception as error:  # what it is called is the answer
            answer[each["table"]][name] = {"error": f"{type(error).__name__}: {error}"[:400]}
json.dump(answer, sys.stdout)
