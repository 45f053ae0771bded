import type {
  GroupInfo,
  Invitation,
  Invited,
  Link,
  OperatorChange,
  OperatorInfo,
  RightsInfo,
  Role,
  RoleInfo,
} from "@diskret/api";
import { asProblem, call } from "../../api";
import { explain } from "../../i18n/errors";
import { session } from "../../session/session.svelte";

const operator = (id: string, what = "") => `/api/operators/${encodeURIComponent(id)}${what}`;
const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);

/** Everybody who works here, their groups, and what the roles allow. */
class Team {
  people = $state.raw<OperatorInfo[] | null>(null);
  groups = $state.raw<GroupInfo[]>([]);
  roles = $state.raw<RoleInfo[]>([]);
  failed = $state("");

  get writes(): boolean {
    return session.level("team") === "write";
  }

  rights(role: Role): RightsInfo | undefined {
    return this.roles.find((info) => info.role === role)?.rights;
  }

  /** Nobody changes somebody who may do more than they themselves. */
  mayChange(person: OperatorInfo): boolean {
    return this.writes && (session.info?.grantable.includes(person.role) ?? false);
  }

  membersOf(group: GroupInfo): OperatorInfo[] {
    return (this.people ?? []).filter((person) => person.active && person.groups.includes(group.id));
  }

  async load(): Promise<void> {
    this.failed = "";
    try {
      const [people, groups, roles] = await Promise.all([
        call<OperatorInfo[]>("GET", "/api/operators"),
        call<GroupInfo[]>("GET", "/api/groups"),
        call<RoleInfo[]>("GET", "/api/roles"),
      ]);
      this.people = people.sort(byName);
      this.groups = groups.sort(byName);
      this.roles = roles;
    } catch (error) {
      this.failed = explain(asProblem(error));
    }
  }

  async invite(invitation: Invitation): Promise<Invited> {
    const invited = await call<Invited>("POST", "/api/operators", invitation);
    this.#put(invited.operator);
    return invited;
  }

  async change(id: string, change: OperatorChange): Promise<void> {
    this.#put(await call<OperatorInfo>("PATCH", operator(id), change));
    // Somebody who changes themselves sees at once what is left to them.
    if (id === session.me) await session.recheck();
  }

  renewLink(id: string): Promise<Link> {
    return call<Link>("POST", operator(id, "/link"));
  }

  /** What the server holds is not said: nobody learns who has a second factor. */
  resetFactor(id: string): Promise<void> {
    return call("DELETE", operator(id, "/second-factor"));
  }

  async addGroup(name: string): Promise<GroupInfo> {
    const group = await call<GroupInfo>("POST", "/api/groups", { name });
    this.groups = [...this.groups, group].sort(byName);
    return group;
  }

  async renameGroup(id: string, name: string): Promise<void> {
    const next = await call<GroupInfo>("PATCH", `/api/groups/${encodeURIComponent(id)}`, { name });
    this.groups = this.groups.map((group) => (group.id === id ? next : group)).sort(byName);
  }

  async removeGroup(id: string): Promise<void> {
    await call("DELETE", `/api/groups/${encodeURIComponent(id)}`);
    this.groups = this.groups.filter((group) => group.id !== id);
    this.people =
      this.people?.map((person) => ({ ...person, groups: person.groups.filter((each) => each !== id) })) ?? null;
  }

  #put(person: OperatorInfo): void {
    const others = (this.people ?? []).filter((each) => each.id !== person.id);
    this.people = [...others, person].sort(byName);
  }
}

export const team = new Team();
