import type { OpenConnector } from "../connector.ts";
import type { MetaSettings } from "./settings.ts";

const openMeta: OpenConnector<MetaSettings> = () => {
  throw new Error("under construction");
};

export default openMeta;
