// Whom to wake, and when: metric alerts of the endpoint and of the workspace, and the logs of the endpoint.

import { operatorType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the action group.')
param name string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Who gets the alerts.')
@minLength(1)
param operators operatorType[]

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The name of the endpoint.')
param endpointName string

@description('Required. Milliseconds that 95 of 100 requests may take.')
@minValue(10)
@maxValue(60000)
param latencyMs int

@description('Required. Whether an hour without a request is an alarm.')
param trafficExpected bool

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' existing = {
  name: workspaceName
}

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2026-05-01' existing = {
  parent: workspace
  name: endpointName
}

resource operatorsGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'mlops'
    emailReceivers: [
      for operator in operators: { name: operator.name, emailAddress: operator.email, useCommonAlertSchema: true }
    ]
  }
}

var workspaceKind = 'Microsoft.MachineLearningServices/workspaces'
var endpointKind = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints'

// The front end turns every failure of the container into 424, and hides it from a count of 5xx.
var failing = [{ name: 'statusCode', operator: 'Include', values: ['408', '424', '429'] }]
var broken = [{ name: 'statusCodeClass', operator: 'Include', values: ['5xx'] }]

var alerts = [
  {
    name: 'model-fails'
    says: 'Requests are answered with 424 (the model fails), 408 (it is too slow) or 429 (there are too few instances).'
    kind: endpointKind
    metric: 'RequestsPerMinute'
    dimensions: failing
    when: ['GreaterThan', 0]
    window: 'PT5M'
    severity: 1
  }
  {
    name: 'service-fails'
    says: 'Requests are answered with 5xx.'
    kind: endpointKind
    metric: 'RequestsPerMinute'
    dimensions: broken
    when: ['GreaterThan', 0]
    window: 'PT5M'
    severity: 1
  }
  {
    name: 'slow'
    says: '95 of 100 requests take longer than ${latencyMs} ms.'
    kind: endpointKind
    metric: 'RequestLatency_P95'
    dimensions: []
    when: ['GreaterThan', latencyMs]
    window: 'PT15M'
    severity: 2
  }
  {
    name: 'silent'
    says: 'There has been no request for an hour.'
    kind: endpointKind
    metric: 'RequestsPerMinute'
    dimensions: []
    when: ['LessThanOrEqual', 0]
    window: 'PT1H'
    severity: 2
  }
  {
    name: 'runs-fail'
    says: 'A job has failed.'
    kind: workspaceKind
    metric: 'Failed Runs'
    dimensions: []
    when: ['GreaterThan', 0]
    window: 'PT1H'
    severity: 3
  }
  {
    name: 'runs-wait'
    says: 'Jobs have waited for nodes for six hours: is there quota?'
    kind: workspaceKind
    metric: 'Queued Runs'
    dimensions: []
    when: ['GreaterThan', 0]
    window: 'PT6H'
    severity: 3
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in alerts: {
    name: 'alert-${endpointName}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.says
      enabled: alert.name != 'silent' || trafficExpected
      severity: alert.severity
      autoMitigate: true
      evaluationFrequency: 'PT5M'
      windowSize: alert.window
      scopes: [alert.kind == endpointKind ? endpoint.id : workspace.id]
      actions: [{ actionGroupId: operatorsGroup.id }]
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: alert.name
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: alert.kind
            metricName: alert.metric
            dimensions: alert.dimensions
            operator: alert.when[0]
            threshold: alert.when[1]
            timeAggregation: alert.kind == endpointKind ? 'Average' : 'Total'
            // A metric that the endpoint has not sent yet is not a reason to refuse the alert.
            skipMetricValidation: true
          }
        ]
      }
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: endpoint
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: map(
      ['AmlOnlineEndpointConsoleLog', 'AmlOnlineEndpointEventLog', 'AmlOnlineEndpointTrafficLog'],
      category => { category: category, enabled: true }
    )
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('The id of the action group.')
output actionGroupId string = operatorsGroup.id
