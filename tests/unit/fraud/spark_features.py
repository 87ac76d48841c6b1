"""Run in Spark's environment: features by Spark SQL.

    python spark_features.py TRANSACTIONS QUERY FEATURES [TRANSACTIONS QUERY FEATURES …]

TRANSACTIONS is a parquet file of the view `transactions`, QUERY a file of SQL, FEATURES a folder to be made.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession


def main() -> None:
    """One session for all of them."""
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )
    given = sys.argv[1:]
    for transactions, query, features in zip(given[::3], given[1::3], given[2::3], strict=True):
        spark.read.parquet(transactions).createOrReplaceTempView("transactions")
        spark.sql(Path(query).read_text(encoding="utf-8")).write.parquet(features)
    spark.stop()


if __name__ == "__main__":
    main()
