//! Whoever is away from an open dashboard does not make the team look present.

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, Person, Plan, Socket, hello_operator, on_both};

on_both! {
    the_team_is_there_as_long_as_one_of_them_is_not_away
    whoever_says_hello_away_is_not_there_until_they_are_back
}

fn away(on: bool) -> Value {
    json!({ "type": "away", "on": on })
}

/// What colleagues see of somebody: online, away.
async fn seen(house: &House, by: &Caller, who: &Person) -> (bool, bool) {
    let listed = house.ask("GET", "/api/operators").by(by).send().await.is(200).json();
    let found = listed.as_array().unwrap().iter().find(|one| one["name"] == who.name.as_str()).unwrap().clone();
    (found["online"] == true, found["away"] == true)
}

async fn heard(operator: &mut Socket) {
    operator.say(json!({ "type": "ping" })).await;
    operator.expect("pong").await;
}

async fn the_team_is_there_as_long_as_one_of_them_is_not_away(on: On) {
    let house = House::new(&Plan::on(on));
    let (ben, lena) = (&house.ours().agent, &house.ours().colleague);
    let (agent, colleague) = (house.sign_in(ben).await, house.sign_in(lena).await);
    let mut bens = house.operator(&agent).await;
    let mut lenas = house.operator(&colleague).await;
    let mut visitor = house.visitor(house.ours()).await;
    assert_eq!(visitor.welcome["presence"], true);

    bens.say(away(true)).await;
    heard(&mut bens).await;
    assert_eq!(seen(&house, &colleague, ben).await, (false, true));
    assert_eq!(seen(&house, &colleague, lena).await, (true, false));
    assert!(visitor.socket.drain().await.iter().all(|frame| frame["type"] != "presence"), "one of them is still there");

    lenas.say(away(true)).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], false);
    assert_eq!(house.visitor(house.ours()).await.welcome["presence"], false);

    // A second window of somebody who is away in the first: they are there.
    let second = house.operator(&agent).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
    assert_eq!(seen(&house, &colleague, ben).await, (true, false));
    drop(second);
    assert_eq!(visitor.socket.expect("presence").await["online"], false);
    assert_eq!(seen(&house, &colleague, ben).await, (false, true));

    bens.say(away(false)).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
    drop(bens);
    assert_eq!(visitor.socket.expect("presence").await["online"], false);
    assert_eq!(seen(&house, &colleague, ben).await, (false, false));
}

async fn whoever_says_hello_away_is_not_there_until_they_are_back(on: On) {
    let house = House::new(&Plan::on(on));
    let agent = house.sign_in(&house.ours().agent).await;
    let mut visitor = house.visitor(house.ours()).await;
    let mut operator = house.operators_socket(&agent).await.unwrap();
    let mut hello = hello_operator();
    hello["away"] = true.into();
    operator.say(hello).await;
    operator.expect("welcome").await;
    heard(&mut operator).await;
    assert!(visitor.socket.drain().await.iter().all(|frame| frame["type"] != "presence"));
    assert_eq!(seen(&house, &agent, &house.ours().agent).await, (false, true));
    operator.say(away(false)).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
}
