import type { OpenConnector } from "../connector.ts";
import type { GoogleSettings } from "./settings.ts";

const openGoogle: OpenConnector<GoogleSettings> = () => {
  throw new Error("under construction");
};

export default openGoogle;
