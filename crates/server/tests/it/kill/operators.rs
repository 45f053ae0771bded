//! Operators: who answer, who give conversations away, and who have a list on the screen.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;

use super::scene::{Line, Scene, number, text_of};
use super::schedule::Dice;
use super::visitors::{MOMENT, WINDOW};
use crate::harness::{Caller, Heard};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Scene {
    /// An operator who follows every conversation they hear of and answers in all of them.
    pub(super) async fn serve(self: Rc<Self>, index: usize) {
        let (client, sender) = (format!("operator {index}"), format!("{:016x}", 0xb000 + index));
        let (owner, mut turn) = (self.owner(), index);
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        let mut sent: HashMap<String, Vec<String>> = HashMap::new();
        loop {
            turn += 1;
            let Ok(mut socket) = self.house(turn).operators_socket(&owner).await else {
                tokio::time::sleep(MOMENT).await;
                continue;
            };
            socket.say(json!({ "type": "hello", "protocol": 1, "sender": sender })).await;
            lines.values_mut().for_each(|line| line.next = line.acknowledged + 1);
            // Asked for on this socket, and those of them whose following has begun.
            let (mut followed, mut begun) = (HashSet::new(), HashSet::new());
            loop {
                let ids = self.ids.borrow().clone();
                for id in ids {
                    if followed.insert(id.clone()) {
                        let line = lines.entry(id.clone()).or_insert_with(|| Line { next: 1, ..Line::default() });
                        socket.say(json!({ "type": "follow", "conversation": id, "after": line.held })).await;
                    }
                }
                let mut on_their_way: i64 = lines.values().map(|line| line.next - line.acknowledged - 1).sum();
                let texts = |id: &String, sent: &HashMap<String, Vec<String>>| sent.get(id).map_or(0, Vec::len);
                let all = lines.iter().all(|(id, line)| self.is_acknowledged(line, texts(id, &sent)));
                if all && !self.busy.get() {
                    self.settled.borrow_mut().insert(client.clone());
                    let last = self.last.borrow();
                    let heard = |(id, (sequence, _)): (&String, &(i64, i64))| {
                        lines.get(id).is_some_and(|line| line.held >= *sequence)
                    };
                    if !last.is_empty() && last.iter().all(heard) {
                        return;
                    }
                }
                // The conversation with the fewest first, so that all have their turn.
                while on_their_way < WINDOW {
                    let wants =
                        |(id, line): &(&String, &mut Line)| self.busy.get() || line.next as usize <= texts(id, &sent);
                    let Some((id, line)) = lines.iter_mut().filter(wants).min_by_key(|(_, line)| line.next) else {
                        break;
                    };
                    let texts = sent.entry(id.clone()).or_default();
                    if line.next as usize > texts.len() {
                        texts.push(format!("operator {index} says {} to {id}", line.next));
                        self.side(&client, id, |side| side.sent.clone_from(texts));
                    }
                    let text = &texts[line.next as usize - 1];
                    let frame = json!({ "type": "message", "conversation": id, "counter": line.next, "text": text });
                    socket.say(frame).await;
                    line.next += 1;
                    on_their_way += 1;
                }
                let Ok(heard) = tokio::time::timeout(MOMENT, socket.hear()).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                let id = frame["conversation"].as_str().unwrap_or_default().to_owned();
                let (counter, sequence) = (number(&frame, "counter"), number(&frame, "sequence"));
                match (frame["type"].as_str().unwrap(), lines.get_mut(&id)) {
                    ("message" | "event", Some(line)) => self.arrived(&client, &id, line, sequence, text_of(&frame)),
                    ("current", Some(_)) => _ = begun.insert(id),
                    // Before the following has begun, its number comes once more with what was missed.
                    ("accepted", Some(line)) if !begun.contains(&id) => {
                        self.side(&client, &id, |side| side.acknowledged.push((counter, sequence)));
                        line.acknowledged = line.acknowledged.max(counter);
                    }
                    ("accepted", Some(line)) => self.acknowledged(&client, &id, line, counter, sequence),
                    ("problem", _) if frame["fatal"] == true => break,
                    // The following itself could not be done.
                    ("problem", Some(_)) if counter == 0 => {
                        followed.remove(&id);
                        tokio::time::sleep(MOMENT).await;
                    }
                    ("problem", Some(line)) => {
                        self.refused(&client, line, &frame);
                        line.next = line.next.min(counter.max(line.acknowledged + 1));
                        tokio::time::sleep(MOMENT).await;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Gives conversations to these people, named with their ids, one after the other. What was not answered is asked again, and done once.
    pub(super) async fn give(self: Rc<Self>, people: Vec<(String, String)>, dice: Dice) {
        const NAME: &str = "the one who gives";
        let (owner, mut turn) = (self.owner(), 0);
        let mut given: HashMap<String, usize> = HashMap::new();
        while self.busy.get() {
            tokio::time::sleep(MOMENT).await;
            let ids = self.ids.borrow().clone();
            if ids.is_empty() {
                continue;
            }
            let id = &ids[dice.roll(ids.len() as u64) as usize];
            let count = given.entry(id.clone()).or_default();
            let (name, to) = &people[*count % people.len()];
            *count += 1;
            loop {
                turn += 1;
                let path = format!("/api/conversations/{id}/assignment");
                let asked = self.house(turn).ask("PUT", &path).by(&owner).json(&json!({ "operator": to })).try_send();
                match tokio::time::timeout(PATIENCE, asked).await {
                    Ok(Some(answer)) if answer.status == 200 => break,
                    _ => tokio::time::sleep(MOMENT).await,
                }
            }
            self.story.borrow_mut().assigned.entry(id.clone()).or_default().push(name.clone());
        }
        self.settled.borrow_mut().insert(NAME.to_owned());
    }

    /// Somebody who looks at the list of what is theirs and what is nobody's, and follows nothing.
    pub(super) async fn watch(self: Rc<Self>, index: usize, caller: Caller) {
        let (name, mut turn) = (self.people()[index].name.clone(), index);
        loop {
            turn += 1;
            let house = self.house(turn);
            let Ok(mut socket) = house.operators_socket(&caller).await else {
                tokio::time::sleep(MOMENT).await;
                continue;
            };
            socket.say(crate::harness::hello_operator()).await;
            let mut rows: Option<BTreeMap<String, i64>> = None;
            loop {
                let ours = |rows: &BTreeMap<String, i64>| -> BTreeMap<String, i64> {
                    let ids = self.ids.borrow();
                    rows.iter().filter(|(id, _)| ids.contains(id)).map(|(id, last)| (id.clone(), *last)).collect()
                };
                if let Some(rows) = &rows {
                    let mut story = self.story.borrow_mut();
                    let [told, read] = story.lists.entry(name.clone()).or_default();
                    *told = ours(rows);
                    self.settled.borrow_mut().insert(name.clone());
                    if !self.last.borrow().is_empty() && told == read {
                        return;
                    }
                }
                let Ok(heard) = tokio::time::timeout(MOMENT, socket.hear()).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                match (frame["type"].as_str().unwrap(), &mut rows) {
                    // Read once the socket listens: what changes from here on is told.
                    ("welcome", _) => {
                        let (mine, free) =
                            (self.list(house, &caller, "mine").await, self.list(house, &caller, "unassigned").await);
                        let (Some(mut mine), Some(free)) = (mine, free) else { break };
                        mine.extend(free);
                        rows = Some(mine);
                    }
                    ("conversation", Some(rows)) => {
                        let last = rows.entry(frame["id"].as_str().unwrap().to_owned()).or_default();
                        *last = (*last).max(number(&frame, "last_sequence"));
                    }
                    ("removed", Some(rows)) => drop(rows.remove(frame["conversation"].as_str().unwrap())),
                    ("problem", _) if frame["fatal"] == true => break,
                    // A row that could not be told: the list is read anew.
                    ("problem", _) => {
                        tokio::time::sleep(MOMENT).await;
                        break;
                    }
                    _ => {}
                }
            }
        }
    }
}
