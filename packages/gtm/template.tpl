___TERMS_OF_SERVICE___

By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Crumbtrail",
  "categories": [
    "UTILITY"
  ],
  "brand": {
    "id": "brand_dummy",
    "displayName": "",
    "thumbnail": ""
  },
  "description": "Denies consent before any tag can ask, loads the consent script from your own Crumbtrail server, and passes each choice of the visitor on to Google Consent Mode.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "base",
    "displayName": "Address of your Crumbtrail server",
    "simpleValueType": true,
    "valueHint": "https://shop.example/_ct",
    "help": "Where your server answers, without /v1. It begins with https://.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "https://.+"
        ],
        "errorMessage": "It begins with https://"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "site",
    "displayName": "Key of your site",
    "simpleValueType": true,
    "valueHint": "shop.example",
    "help": "As the admin shows it.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "[a-z0-9][a-z0-9.-]*"
        ],
        "errorMessage": "Lower-case letters, digits, dots and dashes"
      }
    ]
  },
  {
    "type": "CHECKBOX",
    "name": "inject",
    "checkboxText": "Load the consent script",
    "simpleValueType": true,
    "defaultValue": true,
    "help": "Clear it where the two lines of the snippet stand in your pages. The choice is passed on either way."
  },
  {
    "type": "GROUP",
    "name": "google",
    "displayName": "Google Consent Mode",
    "groupStyle": "ZIPPY_CLOSED",
    "subParams": [
      {
        "type": "TEXT",
        "name": "wait",
        "displayName": "Wait for the choice (milliseconds)",
        "simpleValueType": true,
        "defaultValue": 500,
        "help": "How long Google's tags wait for the script before they run with the default.",
        "valueValidators": [
          {
            "type": "NON_NEGATIVE_NUMBER"
          }
        ]
      },
      {
        "type": "SIMPLE_TABLE",
        "name": "regions",
        "displayName": "Defaults for regions",
        "help": "Everything is denied by default, everywhere. Name regions only where your lawyer says that tags may run until the visitor refuses; the script says what holds as soon as it is there.",
        "simpleTableColumns": [
          {
            "defaultValue": "",
            "displayName": "Regions (ISO 3166-2, with commas)",
            "name": "region",
            "type": "TEXT",
            "valueHint": "US-CA, US-VA",
            "valueValidators": [
              {
                "type": "NON_EMPTY"
              }
            ]
          },
          {
            "defaultValue": "denied",
            "displayName": "Marketing",
            "name": "marketing",
            "type": "SELECT",
            "macrosInSelect": false,
            "selectItems": [
              {
                "value": "denied",
                "displayValue": "Denied"
              },
              {
                "value": "granted",
                "displayValue": "Granted"
              }
            ]
          },
          {
            "defaultValue": "denied",
            "displayName": "Statistics",
            "name": "statistics",
            "type": "SELECT",
            "macrosInSelect": false,
            "selectItems": [
              {
                "value": "denied",
                "displayValue": "Denied"
              },
              {
                "value": "granted",
                "displayValue": "Granted"
              }
            ]
          },
          {
            "defaultValue": "denied",
            "displayName": "Preferences",
            "name": "preferences",
            "type": "SELECT",
            "macrosInSelect": false,
            "selectItems": [
              {
                "value": "denied",
                "displayValue": "Denied"
              },
              {
                "value": "granted",
                "displayValue": "Granted"
              }
            ]
          }
        ],
        "newRowButtonText": "Add regions"
      },
      {
        "type": "CHECKBOX",
        "name": "adsDataRedaction",
        "checkboxText": "Redact ads data while marketing is denied (ads_data_redaction)",
        "simpleValueType": true,
        "defaultValue": true
      },
      {
        "type": "CHECKBOX",
        "name": "urlPassthrough",
        "checkboxText": "Pass ad click information through URLs (url_passthrough)",
        "simpleValueType": true,
        "defaultValue": false,
        "help": "It works without a cookie, and is still a use of the visitor's data: ask your adviser first."
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const callInWindow = require('callInWindow');
const copyFromWindow = require('copyFromWindow');
const createQueue = require('createQueue');
const getCookieValues = require('getCookieValues');
const getTimestampMillis = require('getTimestampMillis');
const gtagSet = require('gtagSet');
const injectScript = require('injectScript');
const makeNumber = require('makeNumber');
const queryPermission = require('queryPermission');
const setDefaultConsentState = require('setDefaultConsentState');
const setInWindow = require('setInWindow');
const updateConsentState = require('updateConsentState');

const DAY = 86400;
const word = (yes) => (yes ? 'granted' : 'denied');

// As the consent script itself says it to Consent Mode.
const states = (marketing, statistics, functionality) => ({
  ad_storage: word(marketing),
  ad_user_data: word(marketing),
  ad_personalization: word(marketing),
  personalization_storage: word(marketing),
  analytics_storage: word(statistics),
  functionality_storage: word(functionality),
  security_storage: 'granted',
});

// 1. Before any tag can ask: denied, except where a row of the table says otherwise.
const wait = makeNumber(data.wait) || 500;
const standard = states(false, false, false);
standard.wait_for_update = wait;
setDefaultConsentState(standard);
(data.regions || []).forEach((row) => {
  const said = states(
    row.marketing === 'granted',
    row.statistics === 'granted',
    row.preferences === 'granted'
  );
  said.wait_for_update = wait;
  said.region = row.region
    .split(',')
    .map((code) => code.trim().toUpperCase())
    .filter((code) => code !== '');
  if (said.region.length) setDefaultConsentState(said);
});
gtagSet('ads_data_redaction', data.adsDataRedaction === true);
gtagSet('url_passthrough', data.urlPassthrough === true);

// 2. A visitor who has chosen before: the newest choice cookie, without waiting for the script.
// A grant that never reached the server closes after a day, as it does in the script.
const read = (text) => {
  const said = {};
  text.split('&').forEach((pair) => {
    const at = pair.indexOf('=');
    if (at > 0) said[pair.slice(0, at)] = pair.slice(at + 1);
  });
  return said;
};
let newest = null;
getCookieValues('crumbtrail').forEach((text) => {
  const said = read(text);
  const older = newest && makeNumber(said.t) <= makeNumber(newest.t);
  if (said.v === '1' && said.id && makeNumber(said.t) > 0 && !older) newest = said;
});
if (newest) {
  const closed = newest.p === '1' && getTimestampMillis() / 1000 - makeNumber(newest.t) > DAY;
  const given = (id) => !closed && newest[id] === '1';
  updateConsentState(states(given('marketing'), given('statistics'), given('preferences')));
}

// 3. What holds from now on, as soon as the script is there and at each change.
const follow = (state) => {
  const given = (id) => state.categories[id] === true;
  const asked = state.categories.preferences !== undefined;
  updateConsentState(
    states(given('marketing'), given('statistics'), asked ? given('preferences') : !state.strict)
  );
};
const there = copyFromWindow('consent');
if (there && !copyFromWindow('consent.q')) {
  callInWindow('consent.on', 'ready', follow);
  callInWindow('consent.on', 'changed', follow);
} else {
  if (!there) {
    setInWindow('consent', { q: [], allowed: (id) => id === 'necessary', get: () => null }, false);
  }
  const later = createQueue('consent.q');
  later(['on', ['ready', follow]]);
  later(['on', ['changed', follow]]);
}

// 4. The script. Where it cannot be loaded, everything stays as it is: denied, or as chosen before.
let base = data.base || '';
while (base.charAt(base.length - 1) === '/') base = base.slice(0, -1);
const url = base + '/v1/' + data.site + '/consent.js';
if (data.inject === false) {
  data.gtmOnSuccess();
} else if (queryPermission('inject_script', url)) {
  injectScript(url, data.gtmOnSuccess, data.gtmOnFailure, url);
} else {
  data.gtmOnFailure();
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_storage"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_user_data"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_personalization"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "analytics_storage"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "functionality_storage"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "personalization_storage"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "security_storage"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "consent"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "consent.q"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "consent.on"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "get_cookies",
        "versionId": "1"
      },
      "param": [
        {
          "key": "cookieAccess",
          "value": {
            "type": 1,
            "string": "specific"
          }
        },
        {
          "key": "cookieNames",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "crumbtrail"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://*/v1/*/consent.js"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "write_data_layer",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keyPatterns",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "ads_data_redaction"
              },
              {
                "type": 1,
                "string": "url_passthrough"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: A new visitor is denied everything, and the script is loaded once
  code: |-
    runCode(mockData);
    assertApi('setDefaultConsentState').wasCalledWith(denied);
    assertApi('updateConsentState').wasNotCalled();
    assertApi('injectScript').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: A region of the table has its own default
  code: |-
    mockData.regions = [{region: 'us-ca, US-VA,', marketing: 'denied', statistics: 'granted', preferences: 'granted'}];
    runCode(mockData);
    assertApi('setDefaultConsentState').wasCalledWith(denied);
    assertApi('setDefaultConsentState').wasCalledWith({
      ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', personalization_storage: 'denied',
      analytics_storage: 'granted', functionality_storage: 'granted', security_storage: 'granted',
      wait_for_update: 500, region: ['US-CA', 'US-VA']
    });
- name: A choice of an earlier visit holds at once
  code: |-
    mock('getCookieValues', ['v=1&asks=1&t=1700000000&id=1&preferences=1&statistics=1&marketing=0']);
    runCode(mockData);
    assertApi('updateConsentState').wasCalledWith({
      ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', personalization_storage: 'denied',
      analytics_storage: 'granted', functionality_storage: 'granted', security_storage: 'granted'
    });
- name: A cookie of another kind is no choice
  code: |-
    mock('getCookieValues', ['yes', 'v=2&t=1700000000&id=1&marketing=1', 'v=1&marketing=1']);
    runCode(mockData);
    assertApi('updateConsentState').wasNotCalled();
- name: A grant that never arrived is closed after a day
  code: |-
    mock('getCookieValues', ['v=1&asks=1&t=1700000000&id=1&statistics=1&marketing=1&p=1']);
    mock('getTimestampMillis', 1700000000000 + 86401000);
    runCode(mockData);
    assertApi('updateConsentState').wasCalledWith({
      ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', personalization_storage: 'denied',
      analytics_storage: 'denied', functionality_storage: 'denied', security_storage: 'granted'
    });
- name: A script that is there already is asked directly
  code: |-
    mock('copyFromWindow', (key) => key === 'consent' ? {} : undefined);
    mock('callInWindow', (key, event, follow) => {
      assertThat(key).isEqualTo('consent.on');
      follow({strict: true, categories: {necessary: true, statistics: true, marketing: true}});
    });
    runCode(mockData);
    assertApi('updateConsentState').wasCalledWith({
      ad_storage: 'granted', ad_user_data: 'granted', ad_personalization: 'granted', personalization_storage: 'granted',
      analytics_storage: 'granted', functionality_storage: 'denied', security_storage: 'granted'
    });
- name: Where the snippet stands in the page the script is not loaded again
  code: |-
    mockData.inject = false;
    runCode(mockData);
    assertApi('injectScript').wasNotCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: An address that is not permitted fails, and everything stays denied
  code: |-
    mock('queryPermission', false);
    runCode(mockData);
    assertApi('injectScript').wasNotCalled();
    assertApi('gtmOnFailure').wasCalled();
setup: |-
  const mockData = {base: 'https://shop.example/_ct/', site: 'shop.example', inject: true, wait: 500, adsDataRedaction: true};
  const denied = {
    ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', personalization_storage: 'denied',
    analytics_storage: 'denied', functionality_storage: 'denied', security_storage: 'granted', wait_for_update: 500
  };
  mock('getCookieValues', []);
  mock('copyFromWindow', undefined);
  mock('createQueue', () => () => {});
  mock('injectScript', (url, onSuccess, onFailure) => {
    assertThat(url).isEqualTo('https://shop.example/_ct/v1/shop.example/consent.js');
    onSuccess();
  });


___NOTES___

Made by the Crumbtrail project; licence Apache-2.0. How to set it up: docs/gtm.md in the project's repository.

Trigger: Consent Initialization - All Pages.
