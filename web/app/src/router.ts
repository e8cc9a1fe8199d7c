import { createRouter, createWebHistory } from 'vue-router'

import JobsPage from './pages/JobsPage.vue'
import WorkersPage from './pages/WorkersPage.vue'

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    { path: '/jobs/:jobID?/:taskID?', name: 'jobs', component: JobsPage, props: true },
    { path: '/submit', name: 'submit', component: () => import('./pages/SubmitPage.vue') },
    { path: '/workers/tags', name: 'tags', component: () => import('./pages/TagsPage.vue') },
    { path: '/workers/joining', name: 'joining', component: () => import('./pages/JoiningPage.vue') },
    { path: '/tags', redirect: { name: 'tags' } },
    { path: '/workers/:workerID?', name: 'workers', component: WorkersPage, props: true },
    { path: '/farm', name: 'farm', component: () => import('./pages/FarmPage.vue') },
    { path: '/farm/actors', name: 'actors', component: () => import('./pages/ActorsPage.vue') },
    { path: '/frames', name: 'frames', component: () => import('./pages/FramesPage.vue') },
    { path: '/last-rendered', redirect: { name: 'frames' } },
    { path: '/settings/notices', name: 'notices', component: () => import('./pages/NoticesPage.vue') },
    { path: '/settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
    { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: '/users', name: 'users', component: () => import('./pages/UsersPage.vue') },
    { path: '/audit', name: 'audit', component: () => import('./pages/AuditPage.vue') },
    { path: '/device', name: 'device', component: () => import('./pages/DevicePage.vue') },
    { path: '/:rest(.*)*', redirect: { name: 'jobs' } },
  ],
})
