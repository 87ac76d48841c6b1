// What the group may cost in a month, and who hears of it before it is spent.

import { budgetType } from '../types.bicep'

@description('Required. The name of the budget.')
param name string

@description('Required. The amount and the first month.')
param budget budgetType

@description('Required. The action group that is told.')
param actionGroupId string

var notices = [
  { name: 'half', type: 'Actual', percent: 50 }
  { name: 'most', type: 'Actual', percent: 80 }
  { name: 'all', type: 'Actual', percent: 100 }
  { name: 'forecast', type: 'Forecasted', percent: 100 }
]

resource limit 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: budget.amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: endsWith(budget.startDate, '-01')
        ? budget.startDate
        : fail('budget.startDate must be the first day of a month')
    }
    notifications: toObject(notices, notice => notice.name, notice => {
      enabled: true
      operator: 'GreaterThan'
      threshold: notice.percent
      thresholdType: notice.type
      contactEmails: []
      contactGroups: [actionGroupId]
    })
  }
}
