import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { i18n } from "./i18n/index.svelte";

const target = document.getElementById("app");
await i18n.start();
if (target) mount(App, { target });
