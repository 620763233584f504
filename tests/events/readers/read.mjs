// Reads a calendar from standard input with the package named first, and prints what it understood: one array of
// [uid, begin, end, title, status, sequence] for each entry, moments in ISO and UTC.
import { readFileSync } from "node:fs";

const [reader, packages] = process.argv.slice(2);
const text = readFileSync(0, "utf8");

async function withIcalJs() {
  const { default: ICAL } = await import(`${packages}/ical.js/dist/ical.js`);
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  return calendar.getAllSubcomponents("vevent").map((entry) => {
    const event = new ICAL.Event(entry);
    const utc = (time) => new Date(time.toUnixTime() * 1000).toISOString();
    const status = entry.getFirstPropertyValue("status");
    return [event.uid, utc(event.startDate), utc(event.endDate), event.summary, status, event.sequence];
  });
}

async function withNodeIcal() {
  const { default: ical } = await import(`${packages}/node-ical/node-ical.js`);
  return Object.values(ical.sync.parseICS(text))
    .filter((entry) => entry.type === "VEVENT")
    .map((entry) => [
      entry.uid, entry.start.toISOString(), entry.end.toISOString(), entry.summary, entry.status, Number(entry.sequence),
    ]);
}

console.log(JSON.stringify(await (reader === "ical.js" ? withIcalJs() : withNodeIcal())));
