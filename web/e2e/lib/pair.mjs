// Two colleagues at their desks, and a visitor who has written to them.
import { enter, openChat, visitShop, write } from "./people.mjs";

/** Opens the conversation in which somebody wrote this, whose ever it is. */
export async function open(desk, text) {
  await desk.getByRole("tab").nth(1).click();
  await desk.getByText(text).first().click();
  await desk.locator("textarea").waitFor();
}

/** Ben, the owner, and Lena, an agent, at their desks, and a visitor who wrote "4711", in its conversation. */
export async function pair({ start, open: browser }, language, device, size) {
  const server = await start({ setUp: { language } });
  const locale = language === "de" ? "de-DE" : "en-GB";
  const one = { name: "Lena Roth", email: "lena@example.de", language };
  const password = server.addOperator(server.facts.organisation, one);
  const hasTouch = device === "phone";
  const contexts = [
    await browser({ size, language: locale, hasTouch }),
    await browser({ size, language: locale, hasTouch }),
    await browser(),
  ];
  const page = await visitShop(contexts[2], server, language === "de" ? "/" : "/en.html");
  const chat = await openChat(page);
  await write(chat, "4711");
  const ben = await enter(contexts[0], server, "ben@example.de", server.facts.owner_password);
  const lena = await enter(contexts[1], server, one.email, password);
  await open(ben, "4711");
  return { server, ben, lena, chat, page, errors: () => contexts.flatMap((context) => context.errors) };
}
