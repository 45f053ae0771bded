/**
 * The commonest emoji, with the words by which they are found: English; German. The system's font draws them, so nothing is
 * loaded for it. The first two of each language are its name.
 */
const TABLE = `
😀 grinning smile happy; grinsend lachen fröhlich
😃 smiling happy joy; lächelnd fröhlich Freude
😄 laughing eyes happy; lachend Augen fröhlich
😁 beaming grin teeth; strahlend grinsen Zähne
😅 relieved sweat phew; erleichtert Schweiß puh
😂 joy tears laugh; Freudentränen lachen
🤣 rolling laugh floor; kugeln lachen Boden
🙂 slight smile; leicht lächeln
🙃 upside down; verkehrt kopfüber
😉 wink; zwinkern
😊 blush smile kind; erröten lächeln freundlich
😇 halo angel innocent; Heiligenschein Engel unschuldig
🥰 hearts love smiling; Herzen Liebe lächeln
😍 heart eyes love; Herzaugen Liebe verliebt
🤩 star eyes excited; Sternaugen begeistert
😘 kiss blowing; Kuss werfen
😋 yummy delicious tongue; lecker köstlich Zunge
😜 tongue wink silly; Zunge zwinkern albern
🤪 zany crazy; verrückt albern
🤗 hug hands; Umarmung Hände
🤭 giggle hand mouth; kichern Hand Mund
🤫 quiet shush secret; leise pst Geheimnis
🤔 thinking hmm; nachdenken überlegen hm
🤐 zipper mouth silent; Reißverschluss schweigen
🤨 eyebrow doubt; Augenbraue Zweifel
😐 neutral; neutral ausdruckslos
😶 no mouth speechless; mundlos sprachlos
😏 smirk; schmunzeln
😒 unamused; unzufrieden
🙄 eye roll; Augenrollen
😬 grimace awkward; Grimasse peinlich
😌 relieved calm; erleichtert ruhig
😔 pensive sad; nachdenklich traurig
😪 sleepy; schläfrig müde
😴 sleeping zzz; schlafend schnarchen
😷 mask ill; Maske krank
🤒 thermometer fever ill; Thermometer Fieber krank
🤕 bandage hurt; Verband verletzt
🤧 sneeze cold; niesen Schnupfen
🥵 hot heat; heiß Hitze
🥶 cold freezing; kalt frieren
🤯 exploding mind; explodierend umwerfend
🤠 cowboy; Cowboy
🥳 party celebrate; Party feiern
😎 sunglasses cool; Sonnenbrille cool
🤓 nerd glasses; Streber Brille
🧐 monocle inspect; Monokel prüfen
😕 confused; verwirrt
😟 worried; besorgt
🙁 frown sad; stirnrunzelnd traurig
😮 surprised open mouth; überrascht staunen
😲 astonished; erstaunt
😳 flushed embarrassed; errötet verlegen
🥺 pleading please; bittend flehen
😧 anguished; gequält
😨 fearful; ängstlich Angst
😰 anxious sweat; nervös Schweiß
😥 sad relieved; traurig erleichtert
😢 cry tear; weinen Träne
😭 sob crying; heulen weinen
😱 scream fear; schreien Angst
😖 confounded; verzweifelt
😞 disappointed; enttäuscht
😓 downcast sweat; bedrückt Schweiß
😩 weary; erschöpft
😫 tired; müde
🥱 yawn bored; gähnen langweilig
😤 triumph steam; schnauben Dampf
😡 angry red; wütend rot
😠 angry; verärgert böse
🤬 swearing; fluchen
😈 devil smiling; Teufel lächeln
💀 skull dead; Totenkopf tot
💩 poo; Kothaufen
🤡 clown; Clown
👻 ghost; Geist Gespenst
👽 alien; Außerirdischer
🤖 robot; Roboter
😺 cat smiling; Katze lächeln
🙈 see no evil monkey; nichts sehen Affe
🙉 hear no evil monkey; nichts hören Affe
🙊 speak no evil monkey; nichts sagen Affe
👋 wave hello bye; winken hallo tschüss
✋ hand stop; Hand Halt stopp
👌 okay hand; okay Hand
✌️ victory peace; Sieg Frieden
🤟 love you hand; Liebe Hand
🤘 horns rock; Rock Hörner
🤙 call me; anrufen
👈 left point; links zeigen
👉 right point; rechts zeigen
👆 up point; oben zeigen
👇 down point; unten zeigen
👍 thumbs up yes good; Daumen hoch ja gut
👎 thumbs down no bad; Daumen runter nein schlecht
🤞 fingers crossed luck; Daumen drücken Glück
✊ fist; Faust
👊 punch fist; Faustschlag
👏 clap applause; klatschen Applaus Beifall
🙌 raised hands hooray; Hände hoch hurra
👐 open hands; offene Hände
🤝 handshake deal; Handschlag Vereinbarung
🙏 please thanks pray; bitte danke beten
✍️ writing hand; schreiben Hand
💪 strong muscle; stark Muskel
👀 eyes look; Augen schauen
🧠 brain; Gehirn
👤 person; Person
👥 people; Personen Leute
🙋 raising hand question; melden Hand Frage
🤷 shrug; Schulterzucken
🤦 facepalm; Stirn fassen
👶 baby; Baby
👩‍💻 technologist computer; Technikerin Computer
👨‍🔧 mechanic repair; Mechaniker Reparatur
👮 police; Polizei
🎅 santa christmas; Nikolaus Weihnachten
❤️ heart red love; Herz rot Liebe
🧡 heart orange; Herz orange
💛 heart yellow; Herz gelb
💚 heart green; Herz grün
💙 heart blue; Herz blau
💜 heart purple; Herz lila
🖤 heart black; Herz schwarz
🤍 heart white; Herz weiß
💔 broken heart; gebrochenes Herz
💕 two hearts; zwei Herzen
💖 sparkling heart; funkelndes Herz
💯 hundred perfect; hundert perfekt
💥 boom collision; Knall Zusammenstoß
💦 sweat drops water; Schweißtropfen Wasser
💤 sleep zzz; Schlaf schnarchen
💬 speech bubble message; Sprechblase Nachricht
💭 thought bubble; Gedankenblase
🐶 dog; Hund
🐱 cat; Katze
🐭 mouse; Maus
🐰 rabbit; Hase Kaninchen
🦊 fox; Fuchs
🐻 bear; Bär
🐼 panda; Panda
🦁 lion; Löwe
🐮 cow; Kuh
🐷 pig; Schwein
🐸 frog; Frosch
🐔 chicken; Huhn
🐧 penguin; Pinguin
🐦 bird; Vogel
🦉 owl; Eule
🐴 horse; Pferd
🦄 unicorn; Einhorn
🐝 bee; Biene
🐛 bug; Raupe Fehler
🦋 butterfly; Schmetterling
🐌 snail slow; Schnecke langsam
🐢 turtle slow; Schildkröte langsam
🐟 fish; Fisch
🐳 whale; Wal
💐 bouquet flowers; Blumenstrauß Blumen
🌹 rose; Rose
🌻 sunflower; Sonnenblume
🌷 tulip; Tulpe
🌱 seedling plant; Keimling Pflanze
🌳 tree; Baum
🎄 christmas tree; Weihnachtsbaum Tannenbaum
🍀 clover luck; Kleeblatt Glück
🍁 leaf autumn; Blatt Herbst
🍎 apple; Apfel
🍌 banana; Banane
🍓 strawberry; Erdbeere
🍋 lemon; Zitrone
🥑 avocado; Avocado
🍞 bread; Brot
🧀 cheese; Käse
🍔 burger; Burger
🍟 fries; Pommes
🍕 pizza; Pizza
🌭 hot dog; Hotdog Würstchen
🥨 pretzel; Brezel
🍦 ice cream; Eis
🍰 cake; Kuchen Torte
🎂 birthday cake; Geburtstagstorte Geburtstag
🍫 chocolate; Schokolade
🍪 cookie; Keks
☕ coffee tea; Kaffee Tee
🍺 beer; Bier
🍻 cheers beers; Prost Bier
🥂 toast champagne; anstoßen Sekt
🍷 wine; Wein
🍽️ plate meal; Teller Essen
🌍 earth world; Erde Welt
🏠 house home; Haus Zuhause
🏢 office building; Büro Gebäude
🏥 hospital; Krankenhaus
🏦 bank; Bank
🏫 school; Schule
⛪ church; Kirche
🚗 car; Auto
🚕 taxi; Taxi
🚌 bus; Bus
🚑 ambulance; Krankenwagen
🚒 fire engine; Feuerwehr
🚚 delivery truck; Lieferwagen Lastwagen
🚲 bicycle; Fahrrad
🚆 train; Zug Bahn
✈️ plane flight; Flugzeug Flug
🚀 rocket launch; Rakete Start
⛵ sailboat; Segelboot
⏰ alarm clock; Wecker
⏳ hourglass wait; Sanduhr warten
🕐 clock time; Uhr Zeit
🌙 moon night; Mond Nacht
☀️ sun sunny; Sonne sonnig
⛅ cloud sun; Wolke Sonne
🌧️ rain; Regen
⛈️ thunderstorm; Gewitter
❄️ snowflake cold; Schneeflocke kalt
🌈 rainbow; Regenbogen
⭐ star; Stern
✨ sparkles; Funkeln glitzern
⚡ lightning fast; Blitz schnell
🔥 fire hot; Feuer heiß
💧 drop water; Tropfen Wasser
🎉 party popper celebrate; Konfetti feiern
🎊 confetti; Konfettiball
🎈 balloon; Luftballon
🎁 gift present; Geschenk
🏆 trophy win; Pokal Sieg
🥇 gold medal first; Goldmedaille erster
⚽ football soccer; Fußball
🎵 music note; Musik Note
🎧 headphones; Kopfhörer
🎬 film clapper; Film Klappe
🎨 art palette; Kunst Palette
🎮 game; Spiel
📱 phone mobile; Handy Telefon
💻 laptop computer; Laptop Computer
🖨️ printer; Drucker
📷 camera photo; Kamera Foto
📞 telephone call; Telefon Anruf
📧 email mail; E-Mail Post
📦 package parcel; Paket Päckchen
📄 page document; Seite Dokument
📎 paperclip attachment; Büroklammer Anhang
📅 calendar date; Kalender Datum
📈 chart up; Diagramm steigend
📉 chart down; Diagramm fallend
📌 pin; Stecknadel
📝 memo note; Notiz schreiben
📚 books; Bücher
✏️ pencil; Bleistift
🔍 search magnifier; Suche Lupe
🔑 key; Schlüssel
🔒 lock closed; Schloss zu
🔓 lock open; Schloss offen
🔧 wrench repair; Schraubenschlüssel Reparatur
🔨 hammer; Hammer
⚙️ gear settings; Zahnrad Einstellungen
💡 idea bulb; Idee Glühbirne
🔔 bell; Glocke Klingel
🛒 cart shopping; Einkaufswagen Einkauf
💳 card payment; Karte Zahlung
💶 euro money; Euro Geld
💰 money bag; Geldsack Geld
🧾 receipt invoice; Beleg Rechnung
🗑️ bin trash; Papierkorb Müll
💊 pill medicine; Tablette Medizin
👕 shirt clothes; Hemd Kleidung
👟 shoe sneaker; Schuh Turnschuh
👓 glasses; Brille
✅ check done yes; Haken erledigt ja
❌ cross no wrong; Kreuz nein falsch
❓ question; Frage
❗ exclamation; Ausrufezeichen
⚠️ warning; Warnung Achtung
⛔ no entry; Verbot
🚫 forbidden; verboten
♻️ recycling; Wiederverwertung
➕ plus; Plus
➖ minus; Minus
➡️ arrow right; Pfeil rechts
⬅️ arrow left; Pfeil links
⬆️ arrow up; Pfeil oben
⬇️ arrow down; Pfeil unten
🔄 again refresh; erneut aktualisieren
🆗 ok button; OK Taste
🆕 new button; neu Taste
ℹ️ information; Information Auskunft
🟢 green circle; grüner Kreis
🟡 yellow circle; gelber Kreis
🔴 red circle; roter Kreis
🇩🇪 germany flag; Deutschland Flagge
🇦🇹 austria flag; Österreich Flagge
🇨🇭 switzerland flag; Schweiz Flagge
🇪🇺 europe flag; Europa Flagge
`;

export interface Emoji {
  char: string;
  en: string;
  de: string;
}

export const emoji: readonly Emoji[] = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [en = "", de = ""] = line.slice(line.indexOf(" ") + 1).split("; ");
    return { char: line.slice(0, line.indexOf(" ")), en, de };
  });
