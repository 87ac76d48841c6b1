-- The features of a transaction: the one definition, for training, batch scoring and the online snapshot.
--
-- Reads the view `transactions` of the data contract (TRANSACTION_ID, TX_DATETIME, TX_EPOCH, CUSTOMER_ID,
-- TERMINAL_ID, TX_AMOUNT, TX_FRAUD), TX_EPOCH being whole seconds since 1970-01-01 00:00:00, and gives one row
-- for each of its rows, in no order. What a feature means is that of the Fraud Detection Handbook, chapter 3.
--
-- Written in what DuckDB and Spark SQL both take. Time is an integer, not a timestamp, because the two engines
-- share neither a function that gives seconds nor an interval frame that is open on one side; the view is the
-- only engine-specific place.
--
-- The edges of a window of d days at time t, to the second:
--   customer   (t - d days, t]             A transaction exactly d days old is out; the current one is in.
--   terminal   (t - 7 - d days, t - 7 days]  The label of a transaction is known 7 days later, to the second.
-- Among transactions of one card in the same second, the one with the smaller TRANSACTION_ID came first, and
-- does not see the others. A RANGE frame over seconds would take in all of them, hence PLACE: seconds * 2^20 plus
-- the number of those before it (0, 1, ...; below 2^19). The frame then reaches back (d days - 1 second) * 2^20 + 2^19 - 1,
-- which is every place of the oldest second and none of the second before it, whatever one's own place is.
-- 2^20 = 1048576; d days: (86400 d - 1) * 1048576 + 524287.

WITH placed AS (
    SELECT
        TRANSACTION_ID, TX_DATETIME, TX_EPOCH, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD,
        TX_EPOCH * 1048576 - 1 + ROW_NUMBER() OVER (
            PARTITION BY CUSTOMER_ID, TX_EPOCH ORDER BY TRANSACTION_ID
        ) AS PLACE
    FROM transactions
)

SELECT
    TRANSACTION_ID,
    TX_DATETIME,
    CUSTOMER_ID,
    TERMINAL_ID,
    TX_AMOUNT,

    -- 1970-01-01 was a Thursday: three days on, days 0 to 4 of a week are Monday to Friday.
    CASE WHEN MOD(FLOOR(TX_EPOCH / 86400) + 3, 7) >= 5 THEN 1 ELSE 0 END AS TX_DURING_WEEKEND,
    -- Before 07:00:00: the handbook takes the hours 0 to 6.
    CASE WHEN MOD(TX_EPOCH, 86400) < 25200 THEN 1 ELSE 0 END AS TX_DURING_NIGHT,

    COUNT(*) OVER customer_1 AS CUSTOMER_ID_NB_TX_1DAY_WINDOW,
    AVG(TX_AMOUNT) OVER customer_1 AS CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW,
    COUNT(*) OVER customer_7 AS CUSTOMER_ID_NB_TX_7DAY_WINDOW,
    AVG(TX_AMOUNT) OVER customer_7 AS CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW,
    COUNT(*) OVER customer_30 AS CUSTOMER_ID_NB_TX_30DAY_WINDOW,
    AVG(TX_AMOUNT) OVER customer_30 AS CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW,

    -- The risk of a terminal without a known transaction is 0.
    COUNT(*) OVER terminal_1 AS TERMINAL_ID_NB_TX_1DAY_WINDOW,
    COALESCE(AVG(TX_FRAUD) OVER terminal_1, 0) AS TERMINAL_ID_RISK_1DAY_WINDOW,
    COUNT(*) OVER terminal_7 AS TERMINAL_ID_NB_TX_7DAY_WINDOW,
    COALESCE(AVG(TX_FRAUD) OVER terminal_7, 0) AS TERMINAL_ID_RISK_7DAY_WINDOW,
    COUNT(*) OVER terminal_30 AS TERMINAL_ID_NB_TX_30DAY_WINDOW,
    COALESCE(AVG(TX_FRAUD) OVER terminal_30, 0) AS TERMINAL_ID_RISK_30DAY_WINDOW,

    TX_FRAUD
FROM placed
WINDOW
    customer_1 AS (PARTITION BY CUSTOMER_ID ORDER BY PLACE
        RANGE BETWEEN 90596442111 PRECEDING AND CURRENT ROW),
    customer_7 AS (PARTITION BY CUSTOMER_ID ORDER BY PLACE
        RANGE BETWEEN 634178240511 PRECEDING AND CURRENT ROW),
    customer_30 AS (PARTITION BY CUSTOMER_ID ORDER BY PLACE
        RANGE BETWEEN 2717908467711 PRECEDING AND CURRENT ROW),
    terminal_1 AS (PARTITION BY TERMINAL_ID ORDER BY TX_EPOCH
        RANGE BETWEEN 691199 PRECEDING AND 604800 PRECEDING),
    terminal_7 AS (PARTITION BY TERMINAL_ID ORDER BY TX_EPOCH
        RANGE BETWEEN 1209599 PRECEDING AND 604800 PRECEDING),
    terminal_30 AS (PARTITION BY TERMINAL_ID ORDER BY TX_EPOCH
        RANGE BETWEEN 3196799 PRECEDING AND 604800 PRECEDING)
