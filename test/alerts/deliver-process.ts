import { deliverDue } from "../../src/alerts/deliver/deliver.ts";
import { openDatabase } from "../../src/warehouse/database.ts";

// A process of its own that delivers, to be killed while it does: deliver-process.ts DATABASE_URL WEBHOOK_URL
const [url = "", webhook = ""] = process.argv.slice(2);
const { db } = openDatabase(url, { connections: 2 });
const notifiers = { ops: { type: "webhook", url: webhook, allowPrivate: false } } as const;
await deliverDue({ db, notifiers, now: new Date(), timeoutMs: 60_000 });
