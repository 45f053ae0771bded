// Who works here: invited by a link, handed conversations as a group, changed and deactivated while they are there.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { openChat, openConversation, signIn, tabTo, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const PASSWORD = "three unrelated words";

async function team({ start, open }, colleagues = []) {
  const server = await start({ setUp: {} });
  const contexts = [await open()];
  const owner = await signIn(contexts[0], server, "ben@example.de", server.facts.owner_password);
  const others = [];
  for (const [name, role] of colleagues) {
    const email = `${name.split(" ")[0].toLowerCase()}@example.de`;
    const password = server.addOperator(server.facts.organisation, { name, email, role });
    contexts.push(await open());
    others.push(await signIn(contexts.at(-1), server, email, password));
  }
  // The browser logs by itself that an answer was 409, or what else is to be expected.
  const settled = (expected = /409/) => {
    const errors = contexts.flatMap((context) => context.errors);
    assert.deepEqual(
      errors.filter((error) => !expected.test(error)),
      [],
    );
  };
  return { server, owner, others, settled };
}

async function settings(page, server) {
  await page.goto(`${server.app}/settings/team`);
  await page.getByRole("heading", { name: "People" }).waitFor();
}

async function makeGroup(page, name) {
  await page.getByRole("button", { name: "Make group" }).click();
  await page.getByLabel("Name of the group").fill(name);
  await page.getByLabel("Name of the group").press("Enter");
  await page.getByRole("list", { name: "Groups" }).getByText(name).waitFor();
}

/** In the dialog of a colleague: chooses, and waits until it is stored. */
async function changePerson(page, name, choose) {
  await page.getByRole("button", { name: `Change ${name}` }).click();
  await choose(page.getByRole("dialog"));
  await page.getByRole("button", { name: /^Save \d/ }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}
const toRole = (role) => (dialog) => dialog.getByRole("radio", { name: new RegExp(`^${role}`) }).check();

/** Whatever happens to a window, it is not loaded anew: what was planted in it is still there. */
const plant = (page) => page.evaluate(() => Object.assign(globalThis, { planted: true }));
const isPlanted = (page) => page.evaluate(() => globalThis.planted === true);

test("team: a colleague is invited by keyboard, sets a password by the link and sees what their role allows", async ({
  start,
  open,
}) => {
  const { server, owner, settled } = await team({ start, open });
  const keys = owner.keyboard;
  await tabTo(owner, owner.getByRole("link", { name: "Settings" }));
  await keys.press("Enter");
  await tabTo(owner, owner.getByRole("link", { name: "Team", exact: true }));
  await keys.press("Enter");
  await tabTo(owner, owner.getByRole("button", { name: "Invite somebody" }));
  await keys.press("Enter");
  await assertAccessible(owner, "invite dialog");
  await tabTo(owner, owner.getByLabel("Name", { exact: true }));
  await keys.type("Lena Roth");
  await keys.press("Tab");
  await keys.type("ben@example.de");
  await tabTo(owner, owner.getByRole("radio", { checked: true }));
  await keys.press("ArrowUp");
  assert.ok(await owner.getByRole("radio", { name: /^Staff/ }).isChecked());
  await keys.press("ArrowDown");
  await tabTo(owner, owner.getByRole("button", { name: "Make invitation" }));
  await keys.press("Enter");
  // An address that is taken is said where it was typed, and the focus is there.
  await owner.getByText("Somebody with this address works here already.").waitFor();
  await keys.press("Control+a");
  await keys.type("lena@example.de");
  await keys.press("Enter");
  const link = await owner.getByText(/\/link#secret=/).textContent();
  await assertAccessible(owner, "link panel");
  await owner.getByText(/Good until .* \((29|30) min left\)/).waitFor();
  await keys.press("Escape");
  await owner.getByRole("list", { name: "People" }).getByText("Lena Roth").waitFor();
  assert.ok(
    await owner.evaluate(() => document.activeElement?.textContent?.includes("Invite somebody")),
    "the focus is back where it was",
  );

  await owner.getByText("invited, no password yet").waitFor();
  const secret = link.split("#secret=")[1];
  const context = await open();
  const lena = await context.newPage();
  const asked = [];
  lena.on("request", (request) => asked.push(`${request.url()} ${request.headers().referer ?? ""}`));
  await lena.goto(link);
  await lena.getByRole("heading", { name: "Set your password" }).waitFor();
  assert.equal(lena.url(), `${server.app}/link`, "the secret has left the address");
  assert.deepEqual(
    asked.filter((address) => address.includes(secret)),
    [],
    "and was in no address that was asked for",
  );
  await lena.getByText(/^For .+\. You sign in with lena@example\.de\.$/).waitFor();
  await assertAccessible(lena, "page of the link");
  await lena.keyboard.type("too short");
  await lena.getByText("3 more characters").waitFor();
  await lena.keyboard.press("Enter");
  await lena.getByText("Use at least 12 characters.").waitFor();
  // Long, and yet among the first that are tried: the server refuses it, and why is said in the reader's words.
  await lena.keyboard.press("Control+a");
  await lena.keyboard.type("passwordpassword");
  await lena.keyboard.press("Enter");
  await lena.getByText("Choose several unrelated words.").waitFor();
  await lena.keyboard.press("Control+a");
  await lena.keyboard.type(PASSWORD);
  await lena.getByText("very hard to guess").waitFor();
  await lena.keyboard.press("Enter");
  await lena.getByRole("heading", { name: "Your password is set" }).waitFor();
  await assertAccessible(lena, "password set");
  await tabTo(lena, lena.getByRole("button", { name: "Go to sign-in" }));
  await lena.keyboard.press("Enter");
  await lena.getByLabel("E-mail", { exact: true }).fill("lena@example.de");
  await lena.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await lena.keyboard.press("Enter");
  await lena.getByRole("tab", { name: /Mine/ }).waitFor();

  // An agent: their own and nobody's conversations, no widget, and a team that they may look at.
  assert.equal(await lena.getByRole("tab", { name: /^All/ }).count(), 0);
  await lena.getByRole("link", { name: "Settings" }).click();
  await lena.getByText("Your role may look at the team, not change it.").waitFor();
  assert.equal(await lena.getByRole("link", { name: "Widget" }).count(), 0, "what they may not see is not offered");
  assert.equal(await lena.getByRole("button", { name: /Change|Invite|Make group/ }).count(), 0);
  await assertAccessible(lena, "team, read only");
  await lena.getByRole("link", { name: "Roles" }).click();
  await lena
    .getByText(/Can answer their own conversations and those of nobody/)
    .first()
    .waitFor();
  await assertAccessible(lena, "roles");
  await lena.goto(`${server.app}/settings/widget`);
  await lena.getByText("Your role does not include the widget’s settings.").waitFor();

  // Used once, and no more: it says what to do.
  await lena.goto("about:blank");
  await lena.goto(link);
  await lena.getByRole("heading", { name: "This link is not good any more" }).waitFor();
  await assertAccessible(lena, "used link");
  await lena.reload();
  await lena.getByRole("heading", { name: "The link is missing" }).waitFor();
  assert.deepEqual(
    context.errors.filter((error) => !/404|422/.test(error)),
    [],
  );
  assert.deepEqual(
    asked.filter((address) => address.includes(secret)),
    [],
  );
  settled();
});

test("team: a conversation handed to a group appears to its members at once, and to nobody else", async (tools) => {
  const people = [
    ["Lena Roth", "staff"],
    ["Omar Aziz", "staff"],
  ];
  const { server, owner, others, settled } = await team(tools, people);
  const [lena, omar] = others;
  await settings(owner, server);
  await makeGroup(owner, "Returns");
  await changePerson(owner, "Lena Roth", (dialog) => dialog.getByRole("checkbox", { name: "Returns" }).check());
  await owner.getByRole("list", { name: "Groups" }).getByText("Lena Roth").waitFor();

  const chat = await openChat(await visitShop(await tools.open(), server));
  await write(chat, "My shoes do not fit");
  await owner.getByRole("link", { name: /Messages/ }).click();
  await openConversation(owner, "My shoes do not fit");
  const title = owner.locator("#conversation-title");
  const assign = async (to) => {
    await title.click();
    await owner.keyboard.press("a");
    await owner.getByRole("menuitemradio", { name: to, exact: true }).waitFor();
    await owner.keyboard.press(to[0]);
    await owner.keyboard.press("Enter");
  };
  await assign("To me");
  await owner.getByText("Assigned to Ben Sommer").first().waitFor();
  for (const page of [lena, omar]) {
    await page.getByRole("tab", { name: /Unassigned/ }).click();
    await page.getByText("My shoes do not fit").waitFor({ state: "detached" });
  }

  await assign("Returns");
  await lena.getByText("My shoes do not fit").first().waitFor();
  await lena.getByRole("listitem").filter({ hasText: "My shoes" }).getByText("Returns").waitFor();
  await owner.locator("header").getByText("Returns").first().waitFor();
  await owner
    .getByText(/Handed to Returns/)
    .first()
    .waitFor();
  await assertAccessible(owner, "conversation of a group");
  await omar.waitForTimeout(500);
  assert.equal(await omar.getByText("My shoes do not fit").count(), 0, "who is not in the group hears nothing of it");
  await omar.reload();
  await omar.getByRole("tab", { name: /Unassigned/ }).click();
  await omar.getByText(/Everything has somebody|No conversation is open/).waitFor();

  // Back as it was: nobody's group, and the owner's.
  await title.click();
  await owner.keyboard.press("z");
  await lena.getByText("My shoes do not fit").waitFor({ state: "detached" });
  await owner.getByRole("button", { name: /Assigned to Ben Sommer/ }).waitFor();
  settled();
});

test("team: a change of role and a deactivation act on an open window", async (tools) => {
  const { server, owner, others, settled } = await team(tools, [["Lena Roth", "agent"]]);
  const [lena] = others;
  await plant(lena);
  const chat = await openChat(await visitShop(await tools.open(), server));
  await write(chat, "Is anybody there?");
  await lena.getByRole("tab", { name: /Unassigned/ }).click();
  await lena.getByText("Is anybody there?").first().click();
  await lena.getByLabel(/^Reply to/).fill("half a thought");
  await settings(owner, server);

  // Wider: the open conversation and the draft stay, and a list is added.
  await changePerson(owner, "Lena Roth", toRole("Staff"));
  await lena.getByRole("tab", { name: /^All/ }).waitFor();
  await lena.getByText("Is anybody there?").nth(1).waitFor();
  assert.equal(await lena.getByLabel(/^Reply to/).inputValue(), "half a thought");

  // Off: nothing of what visitors wrote is left in the window.
  await changePerson(owner, "Lena Roth", async (dialog) => {
    await toRole("Data protection officer")(dialog);
    await dialog.getByText("Can no longer answer their own conversations").waitFor();
    await assertAccessible(owner, "dialog of a colleague");
  });
  await lena.getByText("No conversations here, on purpose").waitFor();
  assert.equal(await lena.getByText("Is anybody there?").count(), 0);
  assert.equal(await lena.getByRole("link", { name: /Messages/ }).count(), 0);
  await assertAccessible(lena, "who reads no conversation");

  // A window without a socket adapts, too; and back.
  await changePerson(owner, "Lena Roth", toRole("Analyst"));
  await lena.getByText("Your role looks at how the house is set up").waitFor();
  await changePerson(owner, "Lena Roth", toRole("Agent"));
  await lena.getByRole("tab", { name: /Unassigned/ }).waitFor();
  await lena.getByText("Is anybody there?").first().waitFor();
  // Undone, as it was offered.
  await owner.getByRole("button", { name: "Undo" }).last().click();
  await lena.getByText("Your role looks at how the house is set up").waitFor();
  await changePerson(owner, "Lena Roth", toRole("Agent"));
  await lena.getByLabel(/^Reply to/).fill("Yes.");
  await lena.getByLabel(/^Reply to/).press("Enter");
  await lena.getByRole("button", { name: /Assigned to Lena Roth/ }).waitFor();
  assert.ok(await isPlanted(lena), "the window was never loaded anew");

  // Deactivated: what it does is said before, and undone with what it took.
  await owner.getByRole("button", { name: "Change Lena Roth" }).click();
  await owner.getByText("Their 1 open conversation becomes nobody’s.").waitFor();
  await owner.getByRole("button", { name: "Deactivate Lena Roth" }).click();
  await lena.getByText("Your session has ended.").waitFor();
  assert.ok(await isPlanted(lena));
  await owner.getByText("Lena Roth is deactivated. 1 conversation is nobody’s now.").waitFor();
  await owner.getByText("Show 1 who was deactivated").click();
  await owner.getByRole("list", { name: "People" }).getByText("deactivated").waitFor();
  await assertAccessible(owner, "team with somebody who left");
  await owner.getByRole("button", { name: "Undo" }).last().click();
  await owner.getByText("Show 1 who was deactivated").waitFor({ state: "detached" });
  await owner.getByRole("link", { name: /Messages/ }).click();
  await owner.getByRole("tab", { name: /^All/ }).click();
  await owner.getByRole("listitem").filter({ hasText: "Yes." }).getByText("Lena Roth").waitFor();
  // What was asked for in the moment in which the right to it went is refused.
  settled(/40[39]/);
});

test("team: a widget is for a group, which then stays; and somebody owns the organisation", async (tools) => {
  const { server, owner, settled } = await team(tools);
  await settings(owner, server);
  await makeGroup(owner, "Returns");
  await makeGroup(owner, "Complaints");
  await owner.getByRole("link", { name: "Widget", exact: true }).click();
  await owner.getByLabel("For the group").selectOption({ label: "Returns" });
  await owner.getByRole("button", { name: "Save 1 change" }).click();
  await owner.getByText("Widget saved").waitFor();
  const chat = await openChat(await visitShop(await tools.open(), server));
  await write(chat, "Where do I send it?");
  await owner.getByRole("link", { name: /Messages/ }).click();
  await openConversation(owner, "Where do I send it?");
  await owner.locator("header").getByText("Returns").first().waitFor();
  await owner.getByRole("button", { name: "Filter", exact: true }).click();
  await owner.getByLabel("Group", { exact: true }).selectOption({ label: "Returns" });
  await owner.getByRole("button", { name: "Done" }).click();
  await owner.getByRole("listitem").filter({ hasText: "Where do I" }).waitFor();

  await settings(owner, server);
  await owner.getByRole("button", { name: "Change group Returns" }).click();
  await owner.getByRole("button", { name: "Remove group Returns" }).click();
  await owner.getByText("Conversations are for Returns, so it stays.").waitFor();
  await assertAccessible(owner, "dialog of a group");
  await owner.getByLabel("Name of the group").fill("Returns and exchange");
  await owner.getByRole("button", { name: "Rename group" }).click();
  await owner.getByRole("list", { name: "Groups" }).getByText("Returns and exchange").waitFor();
  await owner.getByRole("button", { name: "Change group Complaints" }).click();
  await owner.getByRole("button", { name: "Remove group Complaints" }).click();
  await owner.getByText("Group Complaints removed").waitFor();
  await owner.getByRole("button", { name: "Undo" }).last().click();
  await owner.getByRole("list", { name: "Groups" }).getByText("Complaints").waitFor();

  // The last owner stays one, and it is said what to do.
  await owner.getByRole("button", { name: "Change Ben Sommer" }).click();
  await owner.getByRole("radio", { name: /^Manager/ }).check();
  await owner.getByRole("button", { name: /^Save \d/ }).click();
  await owner.getByText("Somebody must own the organisation.").waitFor();
  settled();
});
