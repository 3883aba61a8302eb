/**
 * The words round the framework's own texts, which come with the vendor list in each language.
 * Languages that are not here read English.
 */

/** @type {{[language: string]: {[key: string]: string}}} */
export const TEXTS = {
  en: {
    first:
      'With partners of the IAB Europe Transparency and Consent Framework ({n}), we want to store or read information on your device and to process personal data, such as your IP address, identifiers and what you look at, for: {list}. Some partners rely on a legitimate interest; you can object. The settings list every purpose and partner.',
    title: 'Advertising partners',
    intro:
      'The partners below ({n}) use the IAB Europe Transparency and Consent Framework. They store or read information on your device, such as cookies and identifiers, and process personal data, such as your IP address, identifiers and what you look at. Your choice counts for this website only. You can change or withdraw it here at any time.',
    interest:
      'Some partners rely on a legitimate interest instead of your consent. You object by switching it off.',
    nothing:
      'Without your consent a partner does none of this, except for what is listed as special purposes.',
    purposes: 'Purposes',
    features: 'Special features, each with a yes of its own',
    fixed: 'Special purposes and features, without a choice',
    partners: 'Partners',
    yes: 'Consent',
    legitimate: 'Legitimate interest',
    counted: 'Partners that ask for consent: {n}; that claim a legitimate interest: {m}.',
    example: 'Example: ',
    by_consent: 'With consent: ',
    by_interest: 'By legitimate interest: ',
    also: 'Also: ',
    data: 'Data: ',
    kept: 'Days kept: {n}',
    cookies: 'Days of cookies, at most: {n}',
    session: 'Cookies: until the browser closes',
    refresh: ', renewed at each visit',
    other: 'Uses other storage too',
    policy: 'Privacy policy',
    claim: 'About the legitimate interest',
  },
  pl: {
    first:
      'Razem z partnerami ram IAB Europe Transparency and Consent Framework ({n}) chcemy zapisywać i odczytywać informacje na Twoim urządzeniu oraz przetwarzać dane osobowe, takie jak adres IP, identyfikatory i to, co oglądasz, w celach: {list}. Część partnerów powołuje się na prawnie uzasadniony interes; możesz wnieść sprzeciw. W ustawieniach znajdziesz wszystkie cele i partnerów.',
    title: 'Partnerzy reklamowi',
    intro:
      'Poniżsi partnerzy ({n}) korzystają z ram IAB Europe Transparency and Consent Framework. Zapisują lub odczytują informacje na Twoim urządzeniu, takie jak pliki cookie i identyfikatory, i przetwarzają dane osobowe, takie jak adres IP, identyfikatory i to, co oglądasz. Twój wybór dotyczy tylko tej witryny. Możesz go tu w każdej chwili zmienić lub wycofać.',
    interest:
      'Część partnerów powołuje się na prawnie uzasadniony interes zamiast Twojej zgody. Sprzeciw wnosisz, wyłączając go.',
    nothing: 'Bez Twojej zgody partner nie robi nic z tego, poza celami specjalnymi.',
    purposes: 'Cele',
    features: 'Funkcje specjalne, każda za osobną zgodą',
    fixed: 'Cele specjalne i funkcje, bez możliwości wyboru',
    partners: 'Partnerzy',
    yes: 'Zgoda',
    legitimate: 'Prawnie uzasadniony interes',
    counted: 'O zgodę proszą: {n}. Na prawnie uzasadniony interes powołują się: {m}.',
    example: 'Przykład: ',
    by_consent: 'Za zgodą: ',
    by_interest: 'Na podstawie prawnie uzasadnionego interesu: ',
    also: 'Także: ',
    data: 'Dane: ',
    kept: 'Przechowywanie w dniach: {n}',
    cookies: 'Pliki cookie w dniach, najwyżej: {n}',
    session: 'Pliki cookie: do zamknięcia przeglądarki',
    refresh: ', odnawiane przy każdej wizycie',
    other: 'Używa też innej pamięci',
    policy: 'Polityka prywatności',
    claim: 'O prawnie uzasadnionym interesie',
  },
  fr: {
    first:
      'Avec des partenaires du Transparency and Consent Framework d’IAB Europe ({n}), nous souhaitons stocker ou lire des informations sur votre appareil et traiter des données personnelles, comme votre adresse IP, des identifiants et ce que vous consultez, pour : {list}. Certains partenaires invoquent un intérêt légitime ; vous pouvez vous y opposer. Les paramètres présentent toutes les finalités et tous les partenaires.',
    title: 'Partenaires publicitaires',
    intro:
      'Les partenaires ci-dessous ({n}) utilisent le Transparency and Consent Framework d’IAB Europe. Ils stockent ou lisent des informations sur votre appareil, comme des cookies et des identifiants, et traitent des données personnelles, comme votre adresse IP, des identifiants et ce que vous consultez. Votre choix ne vaut que pour ce site. Vous pouvez le modifier ou le retirer ici à tout moment.',
    interest:
      'Certains partenaires invoquent un intérêt légitime au lieu de votre consentement. Vous vous y opposez en le désactivant.',
    nothing:
      'Sans votre consentement, un partenaire ne fait rien de cela, hormis les finalités spéciales.',
    purposes: 'Finalités',
    features: 'Fonctionnalités spéciales, chacune avec son propre accord',
    fixed: 'Finalités spéciales et fonctionnalités, sans choix possible',
    partners: 'Partenaires',
    yes: 'Consentement',
    legitimate: 'Intérêt légitime',
    counted: 'Partenaires qui demandent le consentement : {n} ; qui invoquent un intérêt légitime : {m}.',
    example: 'Exemple : ',
    by_consent: 'Avec consentement : ',
    by_interest: 'Par intérêt légitime : ',
    also: 'Aussi : ',
    data: 'Données : ',
    kept: 'Conservation en jours : {n}',
    cookies: 'Cookies en jours, au plus : {n}',
    session: 'Cookies : jusqu’à la fermeture du navigateur',
    refresh: ', renouvelés à chaque visite',
    other: 'Utilise aussi d’autres stockages',
    policy: 'Politique de confidentialité',
    claim: 'À propos de l’intérêt légitime',
  },
};

/** @param {string} language */
export function speaker(language) {
  const texts = TEXTS[language] || TEXTS.en;
  return (
    /** @type {string} */ key,
    /** @type {{[name: string]: string | number}} */ values = {},
  ) => texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
