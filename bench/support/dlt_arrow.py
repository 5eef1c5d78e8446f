"""What a user of dlt would write: searchStream answers by orjson, Arrow tables, COPY, merge by key. Beside costper in goals.ts.
Standard input: {"database", "settings", "accounts": [{"id", "via"}], "days": [...], "folder"}."""
import datetime, json, os, sys

TOLD = json.load(sys.stdin)
os.environ.update({
    "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "NORMALIZE__WORKERS": "2", "LOAD__WORKERS": "4",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "150000", "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "300000",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000", "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "EXTRACT__DATA_WRITER__DISABLE_COMPRESSION": "true"})
import dlt, orjson, pyarrow, requests

SELECT = "SELECT campaign.id, ad_group.id, ad_group_ad.ad.id, segments.date, {0} FROM ad_group_ad " \
         "WHERE segments.date BETWEEN '{1}' AND '{2}' PARAMETERS omit_unselected_resource_names=true"
DELIVERY = "metrics.cost_micros, metrics.impressions, metrics.clicks"
CONVERSIONS = "segments.conversion_action, metrics.conversions, metrics.conversions_value, metrics.all_conversions, " \
              "metrics.all_conversions_value"
KEY = ["account_id", "date", "campaign_id", "ad_group_id", "ad_id"]
settings, session = TOLD["settings"], requests.Session()
bearer = session.post(settings["endpoints"]["oauth"] + "/token", data={
    "grant_type": "refresh_token", "client_id": settings["clientId"], "client_secret": settings["clientSecret"],
    "refresh_token": settings["refreshToken"]}).json()["access_token"]


def ranges():
    """A large account day by day, so that an answer fits into memory; small ones at once."""
    days = TOLD["days"]
    return [(day, day) for day in days] if len(TOLD["accounts"]) == 1 else [(days[0], days[-1])]


def tables(fields, columns):
    for account in TOLD["accounts"]:
        for first, last in ranges():
            got = session.post(
                f"{settings['endpoints']['api']}/v24/customers/{account['id']}/googleAds:searchStream",
                headers={"authorization": f"Bearer {bearer}", **({"login-customer-id": account["via"]} if account["via"] else {})},
                json={"query": SELECT.format(fields, first, last)})
            got.raise_for_status()
            for element in orjson.loads(got.content):
                rows = [{"account_id": account["id"], "date": datetime.date.fromisoformat(r["segments"]["date"]),
                         "campaign_id": r["campaign"]["id"], "ad_group_id": r["adGroup"]["id"],
                         "ad_id": r["adGroupAd"]["ad"]["id"], **columns(r)} for r in element.get("results", [])]
                if rows:
                    yield pyarrow.Table.from_pylist(rows)


def delivery(r):
    m = r["metrics"]
    return {"cost_micros": int(m["costMicros"]), "impressions": int(m["impressions"]), "clicks": int(m["clicks"])}


def conversions(r):
    m = r["metrics"]
    return {"conversion_action": r["segments"]["conversionAction"], "conversions": float(m["conversions"]),
            "conversions_value": float(m["conversionsValue"]), "all_conversions": float(m["allConversions"]),
            "all_conversions_value": float(m["allConversionsValue"])}


def stream(name, fields, columns, key):
    return dlt.resource(tables(fields, columns), name=name, primary_key=key,
                        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
                        columns={"date": {"data_type": "date"}})


if __name__ == "__main__":
    pipeline = dlt.pipeline("ads", destination=dlt.destinations.postgres(TOLD["database"]), dataset_name="ads",
                            pipelines_dir=TOLD["folder"])
    pipeline.run([stream("ad_daily", DELIVERY, delivery, KEY),
                  stream("conversion_daily", CONVERSIONS, conversions, KEY + ["conversion_action"])],
                 loader_file_format="csv").raise_on_failed_jobs()
