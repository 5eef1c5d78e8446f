import type { Health } from "../../api/health-answers.ts";
import { dash, dayText, integer, momentText, percent } from "../format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { Card } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";

const shareRefused = (calls: string, refused: string): string =>
  Number(calls) === 0 ? dash : percent(String(Number(refused) / Number(calls)));

/** How many calls each platform got, and how many of them ran into a limit. */
export const UsageCard = ({ usage }: Pick<Health, "usage">) =>
  usage.length === 0 ? null : (
    <Card
      title="Quota use"
      about="Calls to the platforms in the last seven days (UTC). Refused are those that a limit answered; they are made again later."
    >
      <DataTable
        caption="Calls to the platforms by day"
        columns={[
          { name: "Day", whole: true },
          { name: "Platform" },
          { name: "Calls", number: true },
          { name: "Refused", number: true },
          { name: "Share refused", number: true },
        ]}
        rows={usage
          .toReversed()
          .map(({ date, platform, calls, refused }) => [
            dayText(date),
            platformName(platform),
            integer(calls),
            integer(refused),
            shareRefused(calls, refused),
          ])}
      />
    </Card>
  );

/** Who asked for quiet. */
export const PausesCard = ({ pauses }: Pick<Health, "pauses">) =>
  pauses.length === 0 ? null : (
    <Card
      title="Waiting for a limit"
      about="These platforms asked for no calls until then; what is left of the night goes on by itself."
    >
      <DataTable
        caption="Pauses that platforms asked for"
        columns={[{ name: "Platform" }, { name: "Account" }, { name: "Until", whole: true }]}
        rows={pauses.map(({ platform, account_id, account_name, until }) => [
          platformName(platform),
          account_name ?? account_id ?? "all accounts",
          momentText(until),
        ])}
      />
    </Card>
  );

const soonDays = 14;

const Left = ({ expires }: { readonly expires: string }) => {
  const days = Math.floor((Date.parse(expires) - Date.now()) / 86_400_000);
  const text = days < 0 ? "ended: sign in again" : `${integer(days)} ${days === 1 ? "day" : "days"}`;
  return <span class={days < soonDays ? "bad" : undefined}>{text}</span>;
};

/** When somebody has to sign in again. */
export const CredentialsCard = ({ credentials }: Pick<Health, "credentials">) =>
  credentials.length === 0 ? null : (
    <Card
      title="Tokens"
      about="When a token ends, only a person can renew it: sign in again and set it in costper.yaml."
    >
      <DataTable
        caption="When tokens end"
        columns={[{ name: "Platform" }, { name: "Ends", whole: true }, { name: "Left" }]}
        rows={credentials.map(({ platform, expires_at }) => [
          platformName(platform),
          momentText(expires_at),
          <Left expires={expires_at} />,
        ])}
      />
    </Card>
  );
