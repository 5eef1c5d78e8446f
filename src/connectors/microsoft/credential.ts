import type { Credential } from "../wire/tokens.ts";
import type { MicrosoftSettings } from "./settings.ts";

export const credential = ({ clientId, refreshToken }: MicrosoftSettings): Credential => ({
  name: "microsoft",
  refreshToken,
  identity: clientId,
});
