// First of all: what it takes out of the address must be gone before anything is asked of the server.
import "./link/taken";
import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { i18n } from "./i18n/index.svelte";

const target = document.getElementById("app");
await i18n.start();
if (target) mount(App, { target });
