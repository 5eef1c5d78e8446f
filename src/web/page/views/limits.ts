import type { Health } from "../../api/health-answers.ts";
import { dataTable } from "../data-table.ts";
import { h } from "../dom.ts";
import { dash, dayText, integer, momentText, percent } from "../format.ts";
import { platformName } from "../platforms.ts";

const card = (title: string, about: string, table: HTMLElement): readonly Node[] => [
  h("section", { class: "card" }, h("h2", {}, title), h("p", { class: "dim" }, about), table),
];

const shareRefused = (calls: string, refused: string): string =>
  Number(calls) === 0 ? dash : percent(String(Number(refused) / Number(calls)));

/** How many calls each platform got, and how many of them ran into a limit. */
export const usageCard = (usage: Health["usage"]): readonly Node[] =>
  usage.length === 0
    ? []
    : card(
        "Quota use",
        "Calls to the platforms in the last seven days (UTC). Refused are those that a limit answered; they are made again later.",
        dataTable({
          caption: "Calls to the platforms by day",
          columns: [
            { name: "Day", whole: true },
            { name: "Platform" },
            { name: "Calls", number: true },
            { name: "Refused", number: true },
            { name: "Share refused", number: true },
          ],
          rows: usage
            .toReversed()
            .map(({ date, platform, calls, refused }) => [
              dayText(date),
              platformName(platform),
              integer(calls),
              integer(refused),
              shareRefused(calls, refused),
            ]),
        }),
      );

/** Who asked for quiet. */
export const pausesCard = (pauses: Health["pauses"]): readonly Node[] =>
  pauses.length === 0
    ? []
    : card(
        "Waiting for a limit",
        "These platforms asked for no calls until then; what is left of the night goes on by itself.",
        dataTable({
          caption: "Pauses that platforms asked for",
          columns: [{ name: "Platform" }, { name: "Account" }, { name: "Until", whole: true }],
          rows: pauses.map(({ platform, account_id, account_name, until }) => [
            platformName(platform),
            account_name ?? account_id ?? "all accounts",
            momentText(until),
          ]),
        }),
      );

const soonDays = 14;

const left = (expires: string): HTMLElement => {
  const days = Math.floor((Date.parse(expires) - Date.now()) / 86_400_000);
  const text = days < 0 ? "ended: sign in again" : `${integer(days)} ${days === 1 ? "day" : "days"}`;
  return h("span", { class: days < soonDays ? "bad" : null }, text);
};

/** When somebody has to sign in again. */
export const credentialsCard = (credentials: Health["credentials"]): readonly Node[] =>
  credentials.length === 0
    ? []
    : card(
        "Tokens",
        "When a token ends, only a person can renew it: sign in again and set it in costper.yaml.",
        dataTable({
          caption: "When tokens end",
          columns: [{ name: "Platform" }, { name: "Ends", whole: true }, { name: "Left" }],
          rows: credentials.map(({ platform, expires_at }) => [
            platformName(platform),
            momentText(expires_at),
            left(expires_at),
          ]),
        }),
      );
