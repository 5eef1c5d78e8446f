/** A zone as reports are asked for it, and the name that everybody else knows. */
export interface KnownZone {
  readonly report: string;
  readonly iana: string;
}

// "Mapping account time zone values" names most of them; where a zone's rules have changed since, the IANA zone is
// one that keeps to the offset of "Time Zones".
const ianaOf: Readonly<Record<string, string>> = {
  AbuDhabiMuscat: "Asia/Dubai",
  Adelaide: "Australia/Adelaide",
  Alaska: "America/Anchorage",
  AlmatyNovosibirsk: "Asia/Novosibirsk",
  AmsterdamBerlinBernRomeStockholmVienna: "Europe/Berlin",
  Arizona: "America/Phoenix",
  AstanaDhaka: "Asia/Dhaka",
  AthensIslandanbulMinsk: "Europe/Athens",
  AtlanticTimeCanada: "America/Halifax",
  AucklandWellington: "Pacific/Auckland",
  Azores: "Atlantic/Azores",
  Baghdad: "Asia/Baghdad",
  BakuTbilisiYerevan: "Asia/Baku",
  BangkokHanoiJakarta: "Asia/Bangkok",
  BeijingChongqingHongKongUrumqi: "Asia/Shanghai",
  BelgradeBratislavaBudapestLjubljanaPrague: "Europe/Budapest",
  BogotaLimaQuito: "America/Bogota",
  Brasilia: "America/Sao_Paulo",
  Brisbane: "Australia/Brisbane",
  BrusselsCopenhagenMadridParis: "Europe/Paris",
  Bucharest: "Europe/Bucharest",
  BuenosAiresGeorgetown: "America/Argentina/Buenos_Aires",
  Cairo: "Africa/Cairo",
  CanberraMelbourneSydney: "Australia/Sydney",
  CapeVerdeIsland: "Atlantic/Cape_Verde",
  CaracasLaPaz: "America/Caracas",
  CasablancaMonrovia: "Africa/Casablanca",
  CentralAmerica: "America/Guatemala",
  CentralTimeUSCanada: "America/Chicago",
  ChennaiKolkataMumbaiNewDelhi: "Asia/Kolkata",
  ChihuahuaLaPazMazatlan: "America/Mazatlan",
  Darwin: "Australia/Darwin",
  EasternTimeUSCanada: "America/New_York",
  Ekaterinburg: "Asia/Yekaterinburg",
  FijiKamchatkaMarshallIsland: "Pacific/Fiji",
  Greenland: "America/Nuuk",
  GreenwichMeanTimeDublinEdinburghLisbonLondon: "Europe/London",
  GuadalajaraMexicoCityMonterrey: "America/Mexico_City",
  GuamPortMoresby: "Pacific/Port_Moresby",
  HararePretoria: "Africa/Harare",
  Hawaii: "Pacific/Honolulu",
  HelsinkiKyivRigaSofiaTallinnVilnius: "Europe/Helsinki",
  Hobart: "Australia/Hobart",
  IndianaEast: "America/Indiana/Indianapolis",
  InternationalDateLineWest: "Etc/GMT+12",
  IrkutskUlaanBataar: "Asia/Irkutsk",
  IslandamabadKarachiTashkent: "Asia/Tashkent",
  Jerusalem: "Asia/Jerusalem",
  Kabul: "Asia/Kabul",
  Kathmandu: "Asia/Kathmandu",
  Krasnoyarsk: "Asia/Krasnoyarsk",
  KualaLumpurSingapore: "Asia/Singapore",
  KuwaitRiyadh: "Asia/Riyadh",
  MagadanSolomonIslandNewCaledonia: "Asia/Magadan",
  MidAtlantic: "America/Noronha",
  MidwayIslandandSamoa: "Pacific/Pago_Pago",
  MoscowStPetersburgVolgograd: "Europe/Moscow",
  MountainTimeUSCanada: "America/Denver",
  Nairobi: "Africa/Nairobi",
  Newfoundland: "America/St_Johns",
  Nukualofa: "Pacific/Tongatapu",
  OsakaSapporoTokyo: "Asia/Tokyo",
  PacificTimeUSCanadaTijuana: "America/Los_Angeles",
  Perth: "Australia/Perth",
  Rangoon: "Asia/Yangon",
  Santiago: "America/Santiago",
  SarajevoSkopjeWarsawZagreb: "Europe/Warsaw",
  Saskatchewan: "America/Regina",
  Seoul: "Asia/Seoul",
  SriJayawardenepura: "Asia/Colombo",
  Taipei: "Asia/Taipei",
  Tehran: "Asia/Tehran",
  Vladivostok: "Asia/Vladivostok",
  WestCentralAfrica: "Africa/Lagos",
  Yakutsk: "Asia/Yakutsk",
};

/** Zones that account calls spell in another way than report calls. */
const accountSpelling: Readonly<Record<string, string>> = {
  AthensBuckarestIstanbul: "AthensIslandanbulMinsk",
  IslamabadKarachiTashkent: "IslandamabadKarachiTashkent",
  SolomonIslandNewCaledonia: "MagadanSolomonIslandNewCaledonia",
  MidwayIslandAndSamoa: "MidwayIslandandSamoa",
};

const reportNames = new Map(Object.entries(ianaOf).map(([report, iana]) => [iana, report]));

/** The zone by Microsoft's name of it, in an account or in a report; undefined where it is not in the table. */
export const zoneOf = (name: string): KnownZone | undefined => {
  const report = accountSpelling[name] ?? name;
  const iana = Object.hasOwn(ianaOf, report) ? ianaOf[report] : undefined;
  return iana === undefined ? undefined : { report, iana };
};

/** The name under which reports are asked for in the zone; undefined where the platform has none. */
export const reportZoneOf = (iana: string): string | undefined => reportNames.get(iana);
